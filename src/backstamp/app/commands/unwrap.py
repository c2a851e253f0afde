"""`backstamp unwrap`: the message as it was before our links and pixel."""

from typing import BinaryIO
from urllib.parse import urlsplit

import click

from backstamp.app.context import AppContext
from backstamp.app.keyfile import KeyFileError
from backstamp.rewriting import Manifest, Reader
from backstamp.rewriting import unwrap as unwrap_message
from backstamp.tokens import Keyring, LinkToken, open_token
from backstamp.urls.wrappers import unwrap_foreign


@click.command()
@click.argument("message", type=click.File("rb"), default="-")
@click.option(
    "--manifest",
    type=click.File("rb"),
    help="The manifest that `backstamp rewrite --manifest` wrote: the original comes back byte for byte.",
)
@click.option(
    "--foreign", is_flag=True, help="Also unwrap other vendors' links (Safe Links, Proofpoint, ...)."
)
@click.pass_obj
def unwrap(context: AppContext, message: BinaryIO, manifest: BinaryIO | None, foreign: bool) -> None:
    """Take our links and pixel out of MESSAGE (a file, or standard input).

    Without a manifest every link becomes the target that was sealed in it, and the pixel goes.
    """
    raw = message.read()
    if not raw:
        raise click.ClickException("the message is empty")
    try:
        told = Manifest.from_json(manifest.read()) if manifest is not None else None
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    click.echo(unwrap_message(raw, _reader(context, foreign), told), nl=False)


def _reader(context: AppContext, foreign: bool) -> Reader:
    try:
        ring: Keyring | None = context.keyring()
    except KeyFileError:
        if not foreign:
            raise
        ring = None

    def read(url: str) -> str | None:
        own = _original(ring, url) if ring is not None else None
        if not foreign:
            return own
        return unwrap_foreign(own or url) or own

    return read


def _original(ring: Keyring, url: str) -> str | None:
    """Read by token, whatever the host: tracking hosts change, and what our key opens is ours."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    token = open_token(ring, path.rpartition("/")[2])
    if token is None:
        return None
    return token.url if isinstance(token, LinkToken) else ""
