"""The doctor's rounds, in order."""

from collections.abc import Callable, Iterator
from typing import Final

from backstamp.app.doctor import (
    clock,
    data_dir,
    database,
    feeds,
    listeners,
    network,
    policy,
    postfix,
    settings_file,
    signatures,
    trust,
)
from backstamp.app.doctor.findings import Finding
from backstamp.app.settings import Settings

ROUNDS: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    settings_file.in_use,
    settings_file.secrets,
    data_dir.disk,
    data_dir.contents,
    data_dir.keys,
    data_dir.journal,
    clock.clock,
    database.database,
    listeners.ports,
    network.next_hop,
    network.own_name,
    network.tracking_host,
    network.trusted_files,
    network.own_certificate,
    network.console_address,
    trust.trusted_senders,
    policy.policy,
    policy.consent,
    postfix.destinations,
    signatures.signatures,
    feeds.feeds,
    feeds.dns_lists,
)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield what is found, as it is found."""
    for one_round in ROUNDS:
        yield from one_round(settings)
