"""What the records refuse, told in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def refused_in_one_line() -> Iterator[None]:
    """Turn a refusal into the command's end, as of a wrong call. Django must be set up."""
    from backstamp.records.administration.refusals import RefusedError

    try:
        yield
    except RefusedError as error:
        raise click.UsageError(str(error), click.get_current_context()) from None
