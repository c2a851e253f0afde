"""`backstamp links`: switch off links in mail that is out already, or on again."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import click

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.bad_input import BadInputError
from backstamp.app.terminal.by_hand import by_hand
from backstamp.app.terminal.groups import Group
from backstamp.policy import KillTarget
from backstamp.policy.own_entries import NotNamedError, expression_of, host_of
from backstamp.tokens import LinkToken, PixelToken, open_token
from backstamp.tokens.pasted import token_of
from backstamp.tokens.sealing import NO_RECIPIENT

_MESSAGE: Final = re.compile(r"[0-9a-f]{16}")


@click.group(cls=Group)
def links() -> None:
    """Switch links off, or on again, in mail that is delivered already."""


_WHAT = click.argument("what", metavar="[TOKEN|URL|MESSAGE]", default="")
_ALL_COPIES = click.option("--all-copies", is_flag=True, help="The link in every recipient's copy.")
_WHOLE_MESSAGE = click.option("--whole-message", is_flag=True, help="All links of the message.")
_HOST = click.option("--host", default="", help="All links to this host and its subdomains, in any mail.")
_URL = click.option(
    "--url", default="", help="All links to this URL, in any mail; ending in / also all below it."
)
_NOT_ON_RECORD: Final = "; no message on record has this number: is it the right one?"
_OBEYED: Final = "the edge obeys within two seconds while the worker runs"


@links.command()
@_WHAT
@_ALL_COPIES
@_WHOLE_MESSAGE
@_HOST
@_URL
@click.pass_obj
def kill(context: AppContext, what: str, all_copies: bool, whole_message: bool, host: str, url: str) -> None:
    """Switch off a link in one recipient's copy, or more if an option says so.

    \b
    backstamp links kill https://t.example.org/AbC... --all-copies
    backstamp links kill --host evil.example
    """
    target = _target(context, what, all_copies, whole_message, host, url)
    with usable_database(context):
        from backstamp.records.protection import kills

        by = by_hand()
        doubt = ""
        if isinstance(target, str):
            kills.kill_expression(target, by)
        else:
            kills.kill(target, by)
            # A token proves itself; a number may be mistyped, or of mail that is not ingested, or forgotten.
            if _is_number(what) and not kills.names_a_message(target):
                doubt = _NOT_ON_RECORD
    click.echo(f"{_words(target)}: switched off; {_OBEYED}{doubt}")


@links.command()
@_WHAT
@_ALL_COPIES
@_WHOLE_MESSAGE
@_HOST
@_URL
@click.pass_obj
def revive(
    context: AppContext, what: str, all_copies: bool, whole_message: bool, host: str, url: str
) -> None:
    """Switch on again what `links kill` switched off."""
    target = _target(context, what, all_copies, whole_message, host, url)
    remaining: Sequence[KillTarget | str]
    with usable_database(context):
        from backstamp.records.protection import kills

        if isinstance(target, str):
            undone = kills.revive_expression(target)
            remaining = kills.around(target)
        else:
            undone = kills.revive(target)
            remaining = kills.of_message(target.tracking_id)
    still = f"; still off: {', '.join(map(_words, remaining))}" if remaining else ""
    if not undone:
        raise click.ClickException(f"{_words(target)}: was not switched off as such{still}")
    click.echo(f"{_words(target)}: on again; {_OBEYED}{still}")


@links.command("list")
@click.pass_obj
def list_kills(context: AppContext) -> None:
    """Print what is switched off, since when, and by whom."""
    with usable_database(context):
        from backstamp.records.protection import kills

        for target, row in kills.listed():
            click.echo(_line(target, row.killed_at, row.killed_by))
        for entry in kills.listed_expressions():
            click.echo(_line(entry.expression, entry.killed_at, entry.killed_by))


def _target(
    context: AppContext, what: str, all_copies: bool, whole_message: bool, host: str, url: str
) -> KillTarget | str:
    """Return what is meant: a link or message, or the expression of a host or URL."""
    if sum(map(bool, (what, host, url))) != 1:
        raise click.UsageError("give one of TOKEN, URL or MESSAGE, --host and --url")
    if what:
        return _in_mail(context, what, all_copies, whole_message)
    if all_copies or whole_message:
        raise click.UsageError("--host and --url are about all copies of all messages")
    try:
        return f"{host_of(host)}/" if host else expression_of(_without_wrapping(context, url))
    except NotNamedError as error:
        raise BadInputError(str(error)) from None


def _without_wrapping(context: AppContext, url: str) -> str:
    """Return the target of a link of ours; any other URL as it is."""
    token = open_token(context.keyring(), token_of(url))
    return token.url if isinstance(token, LinkToken) else url


def _in_mail(context: AppContext, what: str, all_copies: bool, whole_message: bool) -> KillTarget:
    if _is_number(what):
        return KillTarget(int(what.strip(), 16))
    token = open_token(context.keyring(), token_of(what))
    if token is None:
        raise BadInputError(
            "not ours: no key of this installation opens it, and it names no message; for a URL or host in "
            "whatever mail give it with --url or --host"
        )
    if whole_message:
        return KillTarget(token.tracking_id)
    if isinstance(token, PixelToken):
        raise BadInputError("that is a pixel; add --whole-message to mean its message")
    if all_copies:
        return KillTarget(token.tracking_id, token.link_number)
    recipient = NO_RECIPIENT if token.recipient_index is None else token.recipient_index
    return KillTarget(token.tracking_id, token.link_number, recipient)


def _is_number(what: str) -> bool:
    return _MESSAGE.fullmatch(what.strip().lower()) is not None


def _line(target: KillTarget | str, at: datetime, by: str) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC  {_words(target)}  ({by})"


def _words(target: KillTarget | str) -> str:
    if isinstance(target, str):
        host, _, path = target.partition("/")
        return (
            f"URL {target} in whatever mail" if path else f"host {host} with its subdomains, in whatever mail"
        )
    message = f"message {target.tracking_id:016x}"
    if target.link_number is None:
        return f"all links of {message}"
    link = f"link {target.link_number} of {message}"
    if target.recipient_index is None:
        return f"{link} in every copy"
    if target.recipient_index == NO_RECIPIENT:
        return f"{link} in copies that name nobody"
    return f"{link} in the copy of recipient {target.recipient_index}"
