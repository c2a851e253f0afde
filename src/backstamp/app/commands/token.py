"""`backstamp token show`: what a token says, or "not ours"."""

import json
from pathlib import Path

import click

from backstamp.app import keyfile
from backstamp.app.context import AppContext
from backstamp.app.terminal.bad_input import BadInputError
from backstamp.app.terminal.groups import Group
from backstamp.tokens import ANONYMOUS, PageToken, PixelToken, open_page, open_token
from backstamp.tokens.pasted import token_of


@click.group(cls=Group)
def token() -> None:
    """Show what the token of a pixel or link holds."""


@token.command()
@click.argument("token_or_url")
@click.option(
    "--keys", type=click.Path(path_type=Path), help="Key file. [default: that of the data directory]"
)
@click.pass_obj
def show(context: AppContext, token_or_url: str, keys: Path | None) -> None:
    """Print what TOKEN_OR_URL holds, as JSON. Needs nothing but the key file."""
    ring = context.keyring() if keys is None else keyfile.read(keys)
    text = token_of(token_or_url)
    opened = open_token(ring, text)
    if opened is None and (page := open_page(ring, text)) is not None:
        click.echo(json.dumps(_page_facts(page), indent=2))
        return
    if opened is None:
        raise BadInputError("not ours: no key of this installation opens it")
    facts: dict[str, object] = {
        "kind": "pixel" if isinstance(opened, PixelToken) else "link",
        "key_id": opened.key_id,
        "domain_id": opened.domain_id,
        "message": f"{opened.tracking_id:016x}",
    }
    if isinstance(opened, PixelToken):
        facts["recipient_key"] = None if opened.recipient_key == ANONYMOUS else opened.recipient_key.hex()
    else:
        if opened.protected:
            facts["kind"] = "protected link"
            facts["recipient_key"] = None if opened.recipient_key == ANONYMOUS else opened.recipient_key.hex()
            facts["doubtful"] = opened.doubtful
        facts |= {
            "recipient_index": opened.recipient_index,
            "link_number": opened.link_number,
            "url": opened.url,
        }
    click.echo(json.dumps(facts, indent=2))


def _page_facts(page: PageToken) -> dict[str, object]:
    return {
        "kind": "recipient's page",
        "key_id": page.key_id,
        "domain_id": page.domain_id,
        "message": f"{page.tracking_id:016x}",
        "recipient_index": page.recipient_index,
        "recipient_key": page.recipient_key.hex(),
        "sender_domain": page.sender_domain,
    }
