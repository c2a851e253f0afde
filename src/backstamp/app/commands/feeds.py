"""`backstamp feeds`: the lists of dangerous URLs that are on, and how it stands with them."""

import time
from pathlib import Path

import click
import msgspec

from backstamp.app.context import AppContext
from backstamp.app.settings.table import FEEDS_ENABLED
from backstamp.app.starting.data_dir import make_data_dir
from backstamp.app.starting.problems import check as check_settings
from backstamp.app.terminal.bad_input import BadInputError
from backstamp.app.terminal.groups import Group
from backstamp.app.wiring.feeds import feeds_config
from backstamp.vocabulary import Feed, ThreatType
from backstamp.worker.feeds.keeping.copies import ListStore, State
from backstamp.worker.feeds.keeping.standing import Standing, is_stale, standing_of
from backstamp.worker.feeds.lists.entries import FeedError, counted
from backstamp.worker.feeds.lists.source import Form, Source
from backstamp.worker.feeds.offers import OFFERS
from backstamp.worker.feeds.questions.resting import rest_of
from backstamp.worker.feeds.refreshing.due_lists import AwayError, refresh_all
from backstamp.worker.feeds.refreshing.reading import FILE_FORMS, read_file
from backstamp.worker.feeds.screening.screen import Screen


@click.group(cls=Group)
def feeds() -> None:
    """Show, refresh and check the lists of dangerous URLs."""


@feeds.command("list")
@click.pass_obj
def list_(context: AppContext) -> None:
    """Print the lists that are on, with age and number of entries, and those that could be switched on."""
    config = feeds_config(context.settings)
    for source in config.sources:
        standing = _standing(source, standing_of(ListStore(config.directory, source.name)))
        click.echo(f"{source.name:<24}{standing}{_rest(config.directory, source.name)}")
    for dns_list in config.dns_lists:
        rest = _rest(config.directory, dns_list.name)
        click.echo(f"{dns_list.name:<24}asked when mail comes{rest}")
    enabled = context.settings[FEEDS_ENABLED]
    terms = {offer.source.name: offer.terms for offer in OFFERS}
    for feed in Feed:
        if feed not in enabled:
            click.echo(f"{feed.value:<24}off  ({terms.get(feed.value, 'DNS; own resolver, low volume')})")


@feeds.command()
@click.argument("names", nargs=-1)
@click.option(
    "--accept-shrink", is_flag=True, help="Believe a list that has lost more than half of its entries."
)
@click.pass_obj
def refresh(context: AppContext, names: tuple[str, ...], accept_shrink: bool) -> None:
    """Fetch all lists that are on, or NAMES, now. What is broken changes nothing.

    Ends with 1 where one of them failed.
    """
    check_settings(context.settings)
    job = feeds_config(context.settings).job
    known = [source.name for source in job.sources]
    for name in names:
        if name not in known:
            raise click.UsageError(f"{name[:60]!r} is not on; on are: {', '.join(known) or 'none'}")
    if not known:
        raise click.ClickException("no list is on; name some in feeds.enabled or feeds.lists (docs/feeds.md)")
    make_data_dir(context.settings)
    failed = 0
    try:
        for outcome in refresh_all(
            msgspec.structs.replace(job, only=names or tuple(known), may_shrink=accept_shrink)
        ):
            click.echo(f"{outcome.name}: {outcome.text}", err=not outcome.good)
            failed += not outcome.good
    except AwayError as error:
        raise click.ClickException(f"{error}; try again when it has ended") from None
    except OSError as error:
        raise click.ClickException(f"{job.directory}: {error.strerror}; what stood before stands") from None
    if failed:
        raise click.ClickException(f"{failed} of {len(names or known)} lists not updated")


@feeds.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--as",
    "form",
    type=click.Choice([form.value for form in FILE_FORMS]),
    default=Form.PLAIN.value,
    show_default=True,
    help="Format of the file.",
)
@click.option(
    "--own", is_flag=True, help="Read it as a list of your own, which may name what a feed may not."
)
@click.option("--show", is_flag=True, help="Print the expressions that it lists.")
@click.pass_obj
def check(context: AppContext, file: Path, form: str, own: bool, show: bool) -> None:
    """Read FILE as a feed, and print what of it would be accepted. Changes nothing."""
    screen = Screen(feeds_config(context.settings).own_hosts, trusted=own)
    source = Source(
        name="check", form=Form(form), threat_type=ThreatType.FORBIDDEN, address=str(file), trusted=own
    )
    try:
        read = read_file(source, file, screen)
    except FeedError as error:
        raise BadInputError(f"{file}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror or error}") from None
    if show:
        for expression in read.expressions:
            click.echo(expression)
    dropped = "".join(f", {count} {drop.value}" for drop, count in sorted(read.tally.items()))
    click.echo(f"{counted(len(read.expressions))}{dropped}", err=show)


def _standing(source: Source, standing: Standing) -> str:
    state, being_read = standing
    now = "; being refreshed" if being_read else _failure(state)
    if not state.checked_at:
        return f"never had{now}"
    age = _age(time.time() - (state.changed_at if source.is_file else state.checked_at))
    dropped = sum(state.dropped.values())
    left_out = f", {dropped} left out" if dropped else ""
    stale = "  STALE" if is_stale(source, state) else ""
    return f"{counted(state.entries, width=8)}{left_out}, {age} old{stale}{now}"


def _failure(state: State) -> str:
    if not state.failures:
        return ""
    again = _age(max(0.0, state.next_at - time.time()))
    return f"; {state.failures} failures: {state.why}; again in {again}"


def _rest(directory: Path, name: str) -> str:
    rest = rest_of(directory, name)
    if rest is None:
        return ""
    return f"; NOT ASKED: {rest.why}; again in {_age(max(0.0, rest.until - time.time()))}"


def _age(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
