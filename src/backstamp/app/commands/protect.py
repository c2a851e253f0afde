"""`backstamp protect`: the protection of links in received mail, without a browser."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from backstamp.app.commands.by_hand import by_hand
from backstamp.app.commands.protect_message import protect_message
from backstamp.app.context import AppContext
from backstamp.app.django_start import usable_database
from backstamp.app.groups import Group
from backstamp.policy import CHOSEN_ACTIONS, ClickAddresses, OnKnownBad, OnUnprotected, ProtectionMode
from backstamp.vocabulary import ClickAction, ThreatType

if TYPE_CHECKING:
    from backstamp.records.models import OwnListEntry, ProtectedDomain, ProtectionException
    from backstamp.records.protection.domain_settings import Changes

_KINDS: Final = ("mailbox", "sender", "host")
_OBEYED: Final = "the gateway and the edge obey within two seconds while the worker runs"


@click.group(cls=Group)
def protect() -> None:
    """Set the protection of links in received mail: domains, exceptions, own lists."""


protect.add_command(protect_message)


def _one_of(words: Iterable[StrEnum]) -> click.Choice[str]:
    return click.Choice([word.value for word in words])


def _chosen_action(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    chosen = {}
    for pair in given:
        threat, action = pair.split("=", 1) if "=" in pair else (pair, "")
        if threat not in list(ThreatType) or action not in CHOSEN_ACTIONS:
            raise click.BadParameter(
                f"give THREAT=ACTION, a threat of {', '.join(ThreatType)}, "
                f"an action of {', '.join(CHOSEN_ACTIONS)}"
            )
        chosen[threat] = action
    return chosen


@protect.command("set")
@click.argument("domain")
@click.option(
    "--mode", type=_one_of(ProtectionMode), help="off; observe: judge and log; protect: rewrite links, too."
)
@click.option(
    "--on-unprotected",
    type=_one_of(OnUnprotected),
    help="What to do with mail of which a link could not be guarded.",
)
@click.option(
    "--on-known-bad",
    type=_one_of(OnKnownBad),
    help="What to do on arrival with mail of which a list names a link.",
)
@click.option(
    "--action",
    "actions",
    multiple=True,
    metavar="THREAT=ACTION",
    callback=_chosen_action,
    help="What to do at a click on a link with this threat: allow, warn, block; repeatable.",
)
@click.option(
    "--may-override/--no-override", default=None, help="Whether readers may go on from a block page."
)
@click.option(
    "--unresolved",
    type=_one_of(CHOSEN_ACTIONS),
    help="What to do at a click on a link that could not be checked in time.",
)
@click.option(
    "--click-addresses", type=_one_of(ClickAddresses), help="What to keep of the client's address at a click."
)
@click.option("--organisation", "page_organisation", help="Name of who protects, for the pages.")
@click.option("--text", "page_text", help="The administrator's words on the pages.")
@click.option("--contact", "page_contact", help="Whom readers can ask.")
@click.option(
    "--logo",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PNG, JPEG, GIF or WebP of at most 64 KB and 2048 pixels each way.",
)
@click.option("--no-logo", is_flag=True, help="Remove the logo.")
@click.pass_obj
def set_domain(
    context: AppContext,
    /,
    domain: str,
    actions: dict[str, str],
    logo: Path | None,
    no_logo: bool,
    **given: Any,
) -> None:
    """Set what is done with the mail that DOMAIN receives. What no option names stays as it is.

    \b
    backstamp protect set example.org --mode observe
    backstamp protect set example.org --mode protect --action spam=allow --may-override
    """
    with usable_database(context):
        from backstamp.records.protection import domain_settings, page_logos

        changes = _changes(given)
        if actions:
            changes["actions"] = {ThreatType(name): ClickAction(word) for name, word in actions.items()}
        if logo is not None:
            changes["page_logo"] = page_logos.logo_url(_read(logo, page_logos.LARGEST))
        elif no_logo:
            changes["page_logo"] = ""
        row = domain_settings.set_protection(domain, by_hand(), **changes)
        click.echo(f"{row.domain.name}: {row.mode}; {_OBEYED}")


def _changes(given: Mapping[str, Any]) -> "Changes":
    words: Mapping[str, type[StrEnum]] = {
        "mode": ProtectionMode,
        "on_unprotected": OnUnprotected,
        "on_known_bad": OnKnownBad,
        "unresolved": ClickAction,
        "click_addresses": ClickAddresses,
    }
    changes = {
        name: words[name](value) if name in words else value
        for name, value in given.items()
        if value is not None
    }
    return cast("Changes", changes)


@protect.command("list")
@click.pass_obj
def list_domains(context: AppContext) -> None:
    """Print the domains with settings: mode, number of exceptions, who changed them last."""
    with usable_database(context):
        from backstamp.records.protection import domain_settings

        for row in domain_settings.protected_domains():
            number = row.domain.exceptions.count()
            click.echo(
                f"{row.mode:<8} {row.domain.name}  {number} exception{'' if number == 1 else 's'}  "
                f"({row.changed_by}, {row.changed_at:%Y-%m-%d %H:%M} UTC)"
            )


@protect.command("show")
@click.argument("domain")
@click.pass_obj
def show_domain(context: AppContext, domain: str) -> None:
    """Print all that is set for DOMAIN."""
    with usable_database(context):
        from backstamp.records.protection import domain_settings

        row = domain_settings.protected_domain(domain)
        for name, value in _shown(row, domain_settings.chosen_actions(row)):
            click.echo(f"{name} = {value}")
        for exception in domain_settings.exceptions(domain):
            click.echo(_exception_line(exception))


@protect.group()
def exception() -> None:
    """Set exceptions: mailboxes (opt-out), senders or hosts that are left alone."""


_DOMAIN: Final = click.argument("domain")
_KIND: Final = click.argument("kind", type=click.Choice(_KINDS))
_VALUE: Final = click.argument("value")


@exception.command("add")
@_DOMAIN
@_KIND
@_VALUE
@click.pass_obj
def add_exception(context: AppContext, domain: str, kind: str, value: str) -> None:
    """Leave VALUE alone: a mailbox of DOMAIN, a sender (address or domain), or a host with its subdomains."""
    ring = context.keyring()
    with usable_database(context):
        from backstamp.records.protection import domain_settings

        new = domain_settings.add_exception(domain, domain_settings.Kind(kind), value, ring, by_hand())
    click.echo(f"added; {_OBEYED}" if new else "that was an exception already")


@exception.command("remove")
@_DOMAIN
@_KIND
@_VALUE
@click.pass_obj
def remove_exception(context: AppContext, domain: str, kind: str, value: str) -> None:
    """Remove the exception for VALUE."""
    with usable_database(context):
        from backstamp.records.protection import domain_settings

        gone = domain_settings.remove_exception(domain, domain_settings.Kind(kind), value)
    if not gone:
        raise click.ClickException("that is no exception")
    click.echo(f"removed; {_OBEYED}")


@exception.command("list")
@_DOMAIN
@click.pass_obj
def list_exceptions(context: AppContext, domain: str) -> None:
    """Print the exceptions of DOMAIN."""
    with usable_database(context):
        from backstamp.records.protection import domain_settings

        for row in domain_settings.exceptions(domain):
            click.echo(_exception_line(row))


@protect.group("own-list")
def own_list() -> None:
    """Set own lists: hosts and URLs that are allowed or blocked, whatever other lists say."""


_WHAT: Final = click.argument("what", metavar="HOST|URL")
_WHOSE: Final = click.option(
    "--for", "whose", default="", metavar="DOMAIN|MAILBOX", help="Whose list. [default: everybody's]"
)
_NOTE: Final = click.option("--note", default="", help="Reason, in your words.")


@own_list.command("allow")
@_WHAT
@_WHOSE
@_NOTE
@click.pass_obj
def allow(context: AppContext, what: str, whose: str, note: str) -> None:
    """Allow a host with its subdomains, or a URL."""
    _list(context, "allowed", what, whose, note)


@own_list.command("block")
@_WHAT
@_WHOSE
@_NOTE
@click.pass_obj
def block(context: AppContext, what: str, whose: str, note: str) -> None:
    """Block a host with its subdomains, or a URL."""
    _list(context, "blocked", what, whose, note)


@own_list.command("remove")
@_WHAT
@_WHOSE
@click.pass_obj
def remove(context: AppContext, what: str, whose: str) -> None:
    """Remove a host or URL from the list."""
    ring = context.keyring()
    with usable_database(context):
        from backstamp.records.protection import own_lists

        gone = own_lists.remove(what, whose, ring)
    if not gone:
        raise click.ClickException("that is not on the list")
    click.echo(f"removed; {_OBEYED}")


@own_list.command("list")
@click.pass_obj
def list_own(context: AppContext) -> None:
    """Print the own lists: what, for whom, why, and by whom."""
    with usable_database(context):
        from backstamp.records.protection import own_lists

        for entry in own_lists.entries():
            click.echo(_entry_line(entry))


def _list(context: AppContext, kind: str, what: str, whose: str, note: str) -> None:
    ring = context.keyring()
    with usable_database(context):
        from backstamp.records.protection import own_lists

        new = own_lists.add(own_lists.Kind(kind), what, whose, ring, by=by_hand(), note=note)
    click.echo(f"{kind}; {_OBEYED}" if new else f"it was {kind} already")


def _read(file: Path, most: int) -> bytes:
    """Return a file's octets, of a larger one one more than `most`."""
    try:
        with file.open("rb") as opened:
            return opened.read(most + 1)
    except OSError as error:
        raise click.ClickException(f"the file cannot be read: {error.strerror}") from None


def _shown(row: "ProtectedDomain", actions: dict[ThreatType, ClickAction]) -> Iterator[tuple[str, str]]:
    yield "mode", row.mode
    yield "on_unprotected", row.on_unprotected
    yield "on_known_bad", row.on_known_bad
    for threat, action in actions.items():
        yield f"action.{threat}", action
    yield "may_override", "yes" if row.may_override else "no"
    yield "unresolved", row.unresolved
    yield "click_addresses", row.click_addresses
    for name in ("organisation", "text", "contact"):
        yield name, getattr(row, f"page_{name}")
    yield "logo", row.page_logo.partition(";")[0].removeprefix("data:")


def _exception_line(row: "ProtectionException") -> str:
    return f"exception {row.kind:<7} {row.value}  ({row.by}, {row.since:%Y-%m-%d %H:%M} UTC)"


def _entry_line(entry: "OwnListEntry") -> str:
    whose = entry.scope_name or "everybody"
    note = f"  {entry.note}" if entry.note else ""
    made = f"({entry.by}, {entry.since:%Y-%m-%d %H:%M} UTC)"
    return f"{entry.kind:<7} {entry.expression}  for {whose}{note}  {made}"
