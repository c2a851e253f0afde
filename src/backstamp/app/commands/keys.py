"""`backstamp keys`: list and rotate the keys behind the tokens."""

import click

from backstamp.app import keyfile
from backstamp.app.context import AppContext
from backstamp.app.starting.data_dir import require_keys
from backstamp.app.terminal.groups import Group


@click.group(cls=Group)
def keys() -> None:
    """List or rotate the keys behind pixels and links."""


@keys.command("list")
@click.pass_obj
def list_keys(context: AppContext) -> None:
    """List the keys: number, date, and which one is in use. Secrets are never shown."""
    ring = context.keyring()
    for key in ring.keys:
        made = keyfile.made_at(key)
        date = f"{made:%Y-%m-%d %H:%M} UTC" if made else "(no such date)      "
        state = "seals and opens" if key.id == ring.active_id else "opens"
        click.echo(f"{key.id:3}  {date}  {state}")


@keys.command()
@click.pass_obj
def rotate(context: AppContext) -> None:
    """Add a key for new pixels and links. All old keys stay, so no delivered link dies."""
    require_keys(context.settings)
    ring = keyfile.rotate(context.key_path)
    click.echo(
        f"key {ring.active_id} seals from now on; {len(ring.keys) - 1} older open. Back up {context.key_path}"
    )
