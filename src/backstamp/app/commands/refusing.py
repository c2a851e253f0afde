"""What a command does not take, told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


class BadInputError(click.ClickException):
    """What was typed, or comes on standard input, is not what the command takes."""

    exit_code = 2


@contextmanager
def refused_in_one_line() -> Iterator[None]:
    """Turn what the records refuse into the command's end, as of a wrong call. Django must be set up."""
    from backstamp.records.administration.refusals import RefusedError

    try:
        yield
    except RefusedError as error:
        raise BadInputError(str(error)) from None
