"""`backstamp rewrite`: a message with pixel and links, from the command line."""

import sys
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from backstamp.app.context import AppContext
from backstamp.app.terminal.address import ADDRESS
from backstamp.app.terminal.whole_input import read_whole
from backstamp.app.wiring.rewriting import rewriting_options
from backstamp.rewriting import envelope_digest, plan
from backstamp.rewriting.reporting.diff import render_diff
from backstamp.tokens import ANONYMOUS, CopySealer, Keyring
from backstamp.vocabulary import Direction


def _sealer(
    ring: Keyring, base_url: str, raw: bytes, recipient: str | None, *, protected: bool
) -> CopySealer:
    """Seal for one recipient. The message's number is made of its digest: the same mail, the same bytes."""
    return CopySealer(
        ring,
        base_url,
        domain_id=0,
        tracking_id=int.from_bytes(envelope_digest(raw)[:8], "big"),
        recipient_index=None if recipient is None else 0,
        recipient_key=ANONYMOUS if recipient is None else ring.recipient_key(recipient),
        protected=protected,
    )


@click.command()
@click.argument("message", type=click.File("rb"), default="-")
@click.option(
    "--direction",
    type=click.Choice([each.value for each in Direction]),
    default=Direction.OUTBOUND.value,
    show_default=True,
    help="outbound: sent mail; inbound: received mail, whose links are checked at the click.",
)
@click.option("--recipient", type=ADDRESS, help="Recipient that pixel and links name. [default: nobody]")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what was done with each link, as JSON.",
)
@click.option("--diff", is_flag=True, help="Show what was done, instead of the message.")
@click.option("--opens/--no-opens", default=None, help="Add the pixel. [default: for sent mail]")
@click.option("--links/--no-links", default=True, show_default=True, help="Wrap links.")
@click.pass_obj
def rewrite(
    context: AppContext,
    message: BinaryIO,
    direction: str,
    recipient: str | None,
    manifest: Path | None,
    diff: bool,
    opens: bool | None,
    links: bool,
) -> None:
    """Rewrite MESSAGE (a file, or standard input) and write it to standard output."""
    raw = read_whole(message, "the message")
    base_url = context.tracking_url.rstrip("/")
    options = msgspec.structs.replace(
        rewriting_options(context.settings),
        direction=Direction(direction),
        opens=direction == Direction.OUTBOUND if opens is None else opens,
        links=links,
        own_prefixes=(f"{base_url}/",),
    )
    protected = direction == Direction.INBOUND
    sealer = _sealer(context.keyring(), base_url, raw, recipient, protected=protected)
    rewritten = plan(raw, options).apply(sealer)
    if manifest is not None:
        try:
            manifest.write_bytes(rewritten.manifest.to_json() + b"\n")
        except OSError as error:
            raise click.ClickException(f"cannot write the manifest to {manifest}: {error.strerror}") from None
    if diff:
        click.echo(render_diff(rewritten.manifest, colour=sys.stdout.isatty()), nl=False)
    else:
        click.echo(rewritten.raw, nl=False)
