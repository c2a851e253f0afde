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

Made from the one table in `src/backstamp/app/settings/table.py` by `backstamp settings --markdown`.

Settings stand in `backstamp.toml` (in the working directory or `/etc/backstamp/`, or the file named by
`--config` or `BACKSTAMP_CONFIG`); an environment variable of the name given wins over the file. A
secret can also be read from a file: put `_FILE` behind the variable's name. `backstamp check-config`
says what is wrong.
"""


@click.command()
@click.option("--markdown", is_flag=True, help="The table of docs/settings.md, with defaults for values.")
@click.pass_obj
def settings(context: AppContext, markdown: bool) -> None:
    """List all settings with the values in force; secrets are not shown."""
    if markdown:
        click.echo(document(), nl=False)
        return
    for setting in table():
        value = (
            "(secret)"
            if setting.secret and context.settings[setting]
            else _written(context.settings[setting])
        )
        click.echo(f"{setting.name} = {value}")


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
