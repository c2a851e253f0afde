"""`backstamp alerts`: what was raised, what is alerted to, and a try of a channel."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click
import msgspec

from backstamp.app.context import AppContext
from backstamp.app.starting.django_start import usable_database
from backstamp.app.terminal.address import ADDRESS
from backstamp.app.terminal.by_hand import by_hand
from backstamp.app.terminal.groups import Group
from backstamp.app.wiring.worker import own_mail_config
from backstamp.vocabulary import AlertRule

if TYPE_CHECKING:
    from backstamp.records.alerting.rules import Rule


_AT_ONCE: Final = 50
"""People whose verdicts are looked up with one question."""


@click.group(cls=Group)
def alerts() -> None:
    """Show alerts, set their rules, test a channel."""


@alerts.command("list")
@click.option(
    "--rule", type=click.Choice([rule.value for rule in AlertRule]), help="Only alerts of this rule."
)
@click.option("--domain", default="", help="Only alerts about this domain.")
@click.option(
    "--most", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Print at most this many."
)
@click.option("--people", is_flag=True, help="Print who did what, too.")
@click.pass_obj
def list_alerts(context: AppContext, rule: str | None, domain: str, most: int, people: bool) -> None:
    """Print alerts, the newest first. Hosts are written so that they cannot be clicked."""
    with usable_database(context):
        from backstamp.records.alerting import alerts as records
        from backstamp.records.alerting.people import MOST_PEOPLE, people_of
        from backstamp.records.alerting.since_judged import machines_since
        from backstamp.records.database.batched import batched
        from backstamp.worker.channels.wording import shown_address, shown_host

        chosen = AlertRule(rule) if rule is not None else None
        for alert in records.listed(rule=chosen, domain=domain)[:most]:
            often = f"  {alert.count} times" if alert.count > 1 else ""
            allowed = "  allowed since" if alert.allowance_id is not None else ""
            click.echo(
                f"{alert.last_at:%Y-%m-%d %H:%M:%S} UTC  {alert.rule:<23}{alert.domain or '-'}  "
                f"{shown_host(alert.host) or '-'}{often}{allowed}"
            )
            if people:
                everybody = list(people_of(alert.pk))
                for some in batched(everybody, _AT_ONCE):
                    machines = machines_since(some)
                    for person in some:
                        since = f"  since judged {machines[person.pk]}" if person.pk in machines else ""
                        who = f"{person.act}  {shown_address(person.address) or '?'}{since}"
                        click.echo(f"    {person.at:%Y-%m-%d %H:%M:%S} UTC  {who}")
                if len(everybody) >= MOST_PEOPLE:
                    click.echo(f"    no more than {MOST_PEOPLE} are kept; there may have been more")


@alerts.command("rules")
@click.argument(
    "name", metavar="[RULE]", required=False, type=click.Choice([each.value for each in AlertRule])
)
@click.option("--on/--off", "enabled", default=None, help="Switch the rule on or off.")
@click.option(
    "--threshold", type=click.IntRange(2, 1_000_000), help="new_host only: raised by this many people."
)
@click.option(
    "--within", type=click.IntRange(1, 1440), metavar="MINUTES", help="new_host only: within this time."
)
@click.option("--domain", "domains", multiple=True, help="Only about this domain; repeatable; '' for all.")
@click.option("--channel", "channels", multiple=True, help="Tell only this channel; repeatable; '' for all.")
@click.option("--default", "reset", is_flag=True, help="Set the rule back to its default.")
@click.pass_obj
def rules(
    context: AppContext,
    name: str | None,
    enabled: bool | None,
    threshold: int | None,
    within: int | None,
    domains: tuple[str, ...],
    channels: tuple[str, ...],
    reset: bool,
) -> None:
    """Print how the rules are set. With RULE and options: set that rule.

    \b
    backstamp alerts rules new_host --threshold 5 --within 30
    backstamp alerts rules clicked_through --channel ops
    """
    changes = {
        "enabled": enabled,
        "threshold": threshold,
        "within_minutes": within,
        "domains": tuple(each.lower() for each in domains if each) if domains else None,
        "channels": tuple(each for each in channels if each) if channels else None,
    }
    wanted = {key: value for key, value in changes.items() if value is not None}
    if (wanted or reset) and name is None:
        raise click.UsageError("name the RULE that is to be set")
    with usable_database(context):
        from backstamp.records.alerting.rules import reset_rule, rules, save_rule

        if name is not None and reset:
            reset_rule(AlertRule(name))
        if name is not None and wanted:
            before = rules()[AlertRule(name)]
            rule = msgspec.structs.replace(before, **wanted)
            save_rule(rule, by_hand())
        for each, rule in rules().items():
            if name is None or each == name:
                click.echo(f"{each.value:<24}{', '.join(_words(rule))}")


@alerts.command()
@click.argument("address", type=ADDRESS)
@click.pass_obj
def forget(context: AppContext, address: str) -> None:
    """Remove the person with this mail ADDRESS from all alerts. The alerts and their counts stay."""
    with usable_database(context):
        from backstamp.records.alerting import alerts as records

        number = records.forget_person(address)
    click.echo(f"forgotten in {number} alert{'' if number == 1 else 's'}")


@alerts.command()
@click.argument("channel")
@click.pass_obj
def test(context: AppContext, channel: str) -> None:
    """Send a test message to CHANNEL now, and say whether it was accepted."""
    with usable_database(context):
        from backstamp.records.models import Outgoing
        from backstamp.records.outbox import channels
        from backstamp.records.outbox.entries import new_event_id
        from backstamp.records.wording.notices import Notice
        from backstamp.worker.channels.errors import NotDeliveredError
        from backstamp.worker.channels.sending import destination_of, send

        row = channels.named(channel)
        if row is None:
            raise click.ClickException(f"there is no channel {channel[:64]!r}")
        notice = Notice(event_id=new_event_id(), kind=Outgoing.Kind.TEST, created_at=datetime.now(UTC))
        try:
            send(destination_of(row, own_mail_config(context.settings)), notice)
        except NotDeliveredError as error:
            raise click.ClickException(f"channel {channel[:64]!r} did not take it: {error}") from None
    click.echo("taken")


def _words(rule: "Rule") -> Iterator[str]:
    yield "on" if rule.enabled else "off"
    if rule.threshold:
        yield f"{rule.threshold} people within {rule.within_minutes} minutes"
    yield f"domains {' '.join(rule.domains)}" if rule.domains else "all domains"
    yield f"channels {' '.join(rule.channels)}" if rule.channels else "all channels"
