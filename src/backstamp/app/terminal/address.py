"""A mail address as an option or argument of a command."""

from typing import Final

import click

from backstamp.mail.addresses import is_mail_address


class _Address(click.ParamType[str]):
    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_mail_address(value):
            self.fail("that is no mail address, LOCAL@DOMAIN", param, ctx)
        return value


ADDRESS: Final = _Address()
"""One address, LOCAL@DOMAIN; anything else ends the command with 2."""
