"""`backstamp protect set`, `list` and `show`: what is done for the domains whose mail is protected."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from backstamp.app.commands.protect.exceptions import exception_line
from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.by_hand import OBEYED, by_hand
from backstamp.app.terminal.groups import Group
from backstamp.policy import CHOSEN_ACTIONS, ClickAddresses, OnKnownBad, OnUnprotected, ProtectionMode
from backstamp.vocabulary import ClickAction, ThreatType

if TYPE_CHECKING:
    from backstamp.records.models import ProtectedDomain
    from backstamp.records.protection.domain_settings import Changes


@click.group(cls=Group)
def protect() -> None:
    """Set the protection of links in received mail: domains, exceptions, own lists."""


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
        click.echo(f"{row.domain.name}: {row.mode}; {OBEYED}")


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
            click.echo(exception_line(exception))


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
