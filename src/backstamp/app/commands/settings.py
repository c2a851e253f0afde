"""`backstamp settings`: the table with the values in force, and the text of docs/settings.md."""

import json
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

import click

from backstamp.app.context import AppContext
from backstamp.app.settings import table

PREAMBLE: Final = """\
# Settings

Made from the one table in `src/backstamp/app/settings/table.py` by `backstamp settings --as markdown`.

Settings are read from the file that `--config` names, else that `BACKSTAMP_CONFIG` names, else from
`./backstamp.toml` if it belongs to you or root, else from `/etc/backstamp/backstamp.toml`.
`backstamp settings --as toml` prints a file to begin with: every setting, commented out, with its default.

An environment variable with the name given here wins over the file. A secret can also be read from a file:
append `_FILE` to the variable's name. `backstamp check-config` says what is wrong.
"""


TOML_PREAMBLE: Final = """\
# Settings of Backstamp, each with its default. Remove the "#" before what you change.
# `backstamp check-config` says what is wrong.
"""


@click.command()
@click.option(
    "--as",
    "form",
    type=click.Choice(["values", "toml", "markdown"]),
    default="values",
    show_default=True,
    help="The values in force, a backstamp.toml to begin with, or the text of docs/settings.md.",
)
@click.pass_obj
def settings(context: AppContext, form: str) -> None:
    """List all settings; secrets are not shown."""
    if form == "markdown":
        click.echo(document(), nl=False)
    elif form == "toml":
        click.echo(template(), nl=False)
    else:
        for setting in table():
            value = context.settings[setting]
            click.echo(f"{setting.name} = {'(secret)' if setting.secret and value else _written(value)}")


def template() -> str:
    """Return a backstamp.toml in which every setting stands, commented out, with its default."""
    lines = [TOML_PREAMBLE]
    for section, rows in groupby(table(), key=lambda row: row.name.rpartition(".")[0]):
        if section:
            lines += [f"[{section}]", ""]
        for row in rows:
            key = row.name.rpartition(".")[2]
            lines += [f"# {row.help}", f"# {row.kind.name}", f"#{key} = {_written(row.written_default)}", ""]
    return "\n".join(lines)


def document() -> str:
    """Return the text of docs/settings.md."""
    lines = [PREAMBLE]
    for section, rows in groupby(table(), key=lambda row: row.name.rpartition(".")[0]):
        lines += [f"## {f'[{section}]' if section else 'At the top'}", ""]
        for row in rows:
            lines += [
                f"### {row.name}",
                "",
                row.help,
                "",
                f"- kind: {row.kind.name}{' (secret)' if row.secret else ''}",
                f"- default: `{_written(row.written_default)}`",
                f"- environment: `{row.variable}`",
                "",
            ]
    return "\n".join(lines)


def _written(value: Any) -> str:
    match value:
        case StrEnum():
            return json.dumps(value.value)
        case bool() | int() | str():
            return json.dumps(value)
        case list() | tuple():
            return json.dumps([str(item) for item in value])
        case None:
            return '""'
        case _:
            return json.dumps(str(value))
