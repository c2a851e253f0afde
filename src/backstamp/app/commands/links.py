"""`backstamp links`: switch off links in mail that is out already, or on again."""

import getpass
import re
from typing import Final

import click

from backstamp.app.context import AppContext
from backstamp.app.django_start import usable_database
from backstamp.app.token_text import token_of
from backstamp.policy import KillTarget
from backstamp.tokens import PixelToken, open_token
from backstamp.tokens.sealing import NO_RECIPIENT

_MESSAGE: Final = re.compile(r"[0-9a-f]{16}")


@click.group()
def links() -> None:
    """Switch off links in mail that is out already, or on again."""


_WHAT = click.argument("what", metavar="TOKEN|URL|MESSAGE")
_ALL_COPIES = click.option("--all-copies", is_flag=True, help="The link in every recipient's copy.")
_WHOLE_MESSAGE = click.option("--whole-message", is_flag=True, help="All links of the message.")


@links.command()
@_WHAT
@_ALL_COPIES
@_WHOLE_MESSAGE
@click.pass_obj
def kill(context: AppContext, what: str, all_copies: bool, whole_message: bool) -> None:
    """Switch off a link (in one copy, unless an option says more), or all links of a message."""
    target = _target(context, what, all_copies, whole_message)
    with usable_database(context):
        from backstamp.records import kills

        kills.kill(target, f"{getpass.getuser()}, command line")
    click.echo(f"{_words(target)}: switched off; the edge obeys within two seconds while the worker runs")


@links.command()
@_WHAT
@_ALL_COPIES
@_WHOLE_MESSAGE
@click.pass_obj
def revive(context: AppContext, what: str, all_copies: bool, whole_message: bool) -> None:
    """Switch a link or a message on again, and all that is part of it."""
    target = _target(context, what, all_copies, whole_message)
    with usable_database(context):
        from backstamp.records import kills

        undone = kills.revive(target)
        remaining = kills.of_message(target.tracking_id)
    still = f"; still off: {', '.join(map(_words, remaining))}" if remaining else ""
    if not undone:
        raise click.ClickException(f"{_words(target)}: was not switched off as such{still}")
    click.echo(f"{_words(target)}: on again; the edge obeys within two seconds while the worker runs{still}")


@links.command("list")
@click.pass_obj
def list_kills(context: AppContext) -> None:
    """Print what is switched off, when, and by whom."""
    with usable_database(context):
        from backstamp.records import kills

        for target, row in kills.listed():
            click.echo(f"{row.killed_at:%Y-%m-%d %H:%M} UTC  {_words(target)}  ({row.killed_by})")


def _target(context: AppContext, what: str, all_copies: bool, whole_message: bool) -> KillTarget:
    if _MESSAGE.fullmatch(what.strip().lower()):
        return KillTarget(int(what.strip(), 16))
    token = open_token(context.keyring(), token_of(what))
    if token is None:
        raise click.ClickException("not ours: no key of this installation opens it, and it names no message")
    if whole_message:
        return KillTarget(token.tracking_id)
    if isinstance(token, PixelToken):
        raise click.ClickException("that is a pixel; add --whole-message to mean its message")
    if all_copies:
        return KillTarget(token.tracking_id, token.link_number)
    recipient = NO_RECIPIENT if token.recipient_index is None else token.recipient_index
    return KillTarget(token.tracking_id, token.link_number, recipient)


def _words(target: KillTarget) -> str:
    message = f"message {target.tracking_id:016x}"
    if target.link_number is None:
        return f"all links of {message}"
    link = f"link {target.link_number} of {message}"
    if target.recipient_index is None:
        return f"{link} in every copy"
    if target.recipient_index == NO_RECIPIENT:
        return f"{link} in copies that name nobody"
    return f"{link} in the copy of recipient {target.recipient_index}"
