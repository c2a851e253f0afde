"""Reading all of an input that a command was given."""

from typing import BinaryIO, Final

import click

from backstamp.app.terminal.bad_input import BadInputError

LARGEST: Final = 256 << 20
"""Bytes; no server takes larger mail (large providers: 150 MB). Without a bound the wrong file, a device or
a pipe that never ends, would take all of the machine's memory."""


def read_whole(file: BinaryIO, what: str) -> bytes:
    """Return what the file holds. Ends the command where that is nothing or too much, or cannot be read."""
    try:
        data = file.read(LARGEST + 1)
    except OSError as error:
        raise click.ClickException(f"{what} cannot be read: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise BadInputError(f"{what} is larger than {LARGEST >> 20} MiB")
    if not data:
        raise BadInputError(f"{what} is empty")
    return data
