"""`backstamp signatures`: how old the lists of networks are, and newer copies of them."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backstamp.app.context import AppContext
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.starting.data_dir import make_data_dir
from backstamp.app.terminal.groups import Group
from backstamp.shared_files import SignatureFile
from backstamp.verdicts.published import LISTS, PublishedList, freshness, list_named

if TYPE_CHECKING:
    from backstamp.worker.signatures import Outcome


@click.group(cls=Group)
def signatures() -> None:
    """Show and update the published lists of networks that verdicts use."""


@signatures.command("list")
@click.pass_obj
def list_(context: AppContext) -> None:
    """Print the lists: name, number of networks, and day."""
    today = datetime.datetime.now(datetime.UTC).date()
    for each in freshness(SignatureFile(context.settings.in_data_dir(DataFile.SIGNATURES)).updates(), today):
        origin = "updated" if each.updated else "as packaged"
        old = f"  STALE ({each.days} days): backstamp signatures update" if each.stale else ""
        click.echo(f"{each.name:<24}{each.prefixes:>7} networks  {each.as_of}  {origin}{old}")


@signatures.command()
@click.option(
    "--from",
    "origin",
    type=click.Path(path_type=Path, exists=True),
    help="A file or folder of lists that were fetched elsewhere, for machines without internet.",
)
@click.option("--list", "only", multiple=True, help="Only this list (see `signatures list`).")
@click.option("--url", help="Fetch from this URL instead of the publisher's (with exactly one --list).")
@click.option(
    "--accept-shrink", is_flag=True, help="Believe a list that lost more than half of its networks."
)
@click.pass_obj
def update(
    context: AppContext, origin: Path | None, only: tuple[str, ...], url: str | None, accept_shrink: bool
) -> None:
    """Fetch newer copies of the published lists. What is broken changes nothing.

    Ends with 1 where one of them failed.
    """
    chosen = _chosen(only)
    if url is not None and (len(only) != 1 or origin is not None):
        raise click.UsageError("--url needs exactly one --list, and no --from")
    files = None if origin is None else _files(origin, chosen, only)
    make_data_dir(context.settings)
    from backstamp.worker.signatures import refresh

    path = context.settings.in_data_dir(DataFile.SIGNATURES)
    try:
        if files is not None:
            outcomes = _brought(path, files, may_shrink=accept_shrink)
        else:
            urls = {chosen[0].name: url} if url is not None else None
            outcomes = refresh(path, urls=urls, lists=chosen, may_shrink=accept_shrink)
        failed = sum(_told(outcome) for outcome in outcomes)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}; nothing else was changed") from None
    if failed:
        raise click.ClickException(
            f"{failed} of {len(chosen)} lists not updated; their last good copies stand"
        )


def _chosen(only: tuple[str, ...]) -> tuple[PublishedList, ...]:
    if not only:
        return LISTS
    found = []
    for name in only:
        published = list_named(name)
        if published is None:
            raise click.UsageError(
                f"there is no list {name[:60]!r}; there are " + ", ".join(x.name for x in LISTS)
            )
        found.append(published)
    return tuple(found)


def _told(outcome: "Outcome") -> bool:
    click.echo(f"{outcome.name}: {outcome.text}", err=not outcome.good)
    return not outcome.good


def _files(
    origin: Path, chosen: tuple[PublishedList, ...], only: tuple[str, ...]
) -> dict[PublishedList, Path]:
    """Return which list is in which file: of a folder by their names, or of one file."""
    if origin.is_dir():
        files = {each: origin / each.file for each in chosen if (origin / each.file).is_file()}
        if not files:
            wanted = ", ".join(each.file for each in chosen)
            raise click.UsageError(f"{origin} holds none of: {wanted}")
        return files
    published = chosen[0] if len(only) == 1 else list_named(origin.name)
    if published is None:
        raise click.UsageError("which list that is its name does not tell; say it with --list NAME")
    return {published: origin}


def _brought(path: Path, files: dict[PublishedList, Path], *, may_shrink: bool) -> "Iterator[Outcome]":
    from backstamp.worker.signatures import Outcome, take

    for each, file in files.items():
        with file.open("rb") as stream:
            data = stream.read(each.max_bytes + 1)
        if len(data) > each.max_bytes:
            text = f"not updated: the file has more than {each.max_bytes} bytes"
            yield Outcome(each.name, text, good=False)
        else:
            yield take(path, each, data, may_shrink=may_shrink)
