"""`backstamp unwrap`: the message as it was before our links and pixel."""

import re
from typing import BinaryIO

import click

from backstamp.app.context import AppContext
from backstamp.app.keyfile import KeyFileError
from backstamp.app.terminal.bad_input import BadInputError
from backstamp.app.terminal.whole_input import read_whole
from backstamp.rewriting import Manifest, Reader
from backstamp.rewriting import unwrap as unwrap_message
from backstamp.tokens import PAGE_PATH, Keyring, LinkToken, open_page, open_token
from backstamp.urls.parsing import web_url
from backstamp.urls.wrappers import unwrap_foreign


@click.command()
@click.argument("message", type=click.File("rb"), default="-")
@click.option(
    "--manifest",
    type=click.File("rb"),
    help="The manifest that `backstamp rewrite --manifest` wrote: the original comes back byte for byte.",
)
@click.option(
    "--foreign",
    is_flag=True,
    help="Also unwrap other vendors' links (Safe Links, Proofpoint, Google, ...), with or without keys.",
)
@click.pass_obj
def unwrap(context: AppContext, message: BinaryIO, manifest: BinaryIO | None, foreign: bool) -> None:
    """Take our links and pixel out of MESSAGE (a file, or standard input).

    Without a manifest every link becomes the target that was sealed in it, and the pixel goes. Where a vendor
    keeps the URL on its servers, its link stays as it is.
    """
    raw = read_whole(message, "the message")
    try:
        told = Manifest.from_json(read_whole(manifest, "the manifest")) if manifest is not None else None
    except ValueError as error:
        raise BadInputError(str(error)) from None
    own = _own_reader(context, foreign)
    if told is not None or not foreign:
        raw = unwrap_message(raw, own, told)
    if foreign:
        # A pass of its own: the manifest's original holds the foreign links that the author sent.
        raw = unwrap_message(raw, _foreign_reader(own))
    click.echo(raw, nl=False)


def _own_reader(context: AppContext, keys_are_optional: bool) -> Reader:
    try:
        ring = context.keyring()
    except KeyFileError:
        if not keys_are_optional:
            raise
        return lambda url: None
    return lambda url: _original(ring, url)


def _foreign_reader(own: Reader) -> Reader:
    """Read other vendors' links, ours, theirs inside ours and ours inside theirs."""

    def read(url: str) -> str | None:
        original = own(url)
        if original == "":
            return original
        inner = unwrap_foreign(original or url)
        if inner is None:
            return original
        ours = own(inner)
        if not ours:
            return inner if ours is None else ours
        return unwrap_foreign(ours) or ours

    return read


def _original(ring: Keyring, url: str) -> str | None:
    """Read by token, whatever the host: tracking hosts change, and what our key opens is ours."""
    read = web_url(url)
    if read is None:
        return None
    before, _, last = re.split("[?#]", read.href, maxsplit=1)[0].rpartition("/")
    token = open_token(ring, last)
    if token is None:
        of_a_page = f"{before}/".endswith(f"/{PAGE_PATH}") and open_page(ring, last) is not None
        return "" if of_a_page else None
    return token.url if isinstance(token, LinkToken) else ""
