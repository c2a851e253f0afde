"""How old the lists of dangerous URLs are."""

from collections.abc import Iterator

from backstamp.app.doctor.findings import Finding, good, note
from backstamp.app.settings import Settings
from backstamp.app.wiring.feeds import feeds_config
from backstamp.worker.feeds.standing import is_stale
from backstamp.worker.feeds.store import ListStore


def feeds(settings: Settings) -> Iterator[Finding]:
    """Are the lists that are on as new as they should be?"""
    config = feeds_config(settings)
    states = [(source, ListStore(config.directory, source.name).state()) for source in config.sources]
    for source, state in states:
        if is_stale(source, state):
            why = f": {state.why}" if state.why else ""
            had = "is older than it should be" if state.checked_at else "was never had"
            yield note(
                "feeds", f"the list {source.name} {had}{why}", f"run: backstamp feeds refresh {source.name}"
            )
    fresh = [source.name for source, state in states if not is_stale(source, state)]
    if fresh:
        yield good("feeds", f"lists of dangerous URLs are new: {', '.join(fresh)}")
