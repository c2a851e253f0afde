"""Links switched off in mail that is out already: kept for ever, published with the policy."""

from django.db.models import Count, Max, QuerySet

from backstamp.policy import Kills, KillTarget
from backstamp.policy.own_entries import digest_of
from backstamp.records.database.tracking_ids import from_database, to_database
from backstamp.records.models import LONGEST_USER, ExpressionKill, Kill, Message
from backstamp.urls.safe_browsing import full_hashes


def kill(target: KillTarget, by: str) -> None:
    """Switch a target off; one that is off already stays so. `by` says who did it, in 150 characters."""
    Kill.objects.get_or_create(
        tracking_id=to_database(target.tracking_id),
        link_number=target.link_number,
        recipient_index=target.recipient_index,
        defaults={"killed_by": by[:LONGEST_USER]},
    )


def names_a_message(target: KillTarget) -> bool:
    """Whether the target's message is on record: ingested already, and not deleted yet."""
    return Message.objects.filter(tracking_id=to_database(target.tracking_id)).exists()


def revive(target: KillTarget) -> int:
    """Undo every kill of the target and of what is part of it; return how many there were.

    A wider kill stays: a link stays off while its message is off.
    """
    kills = Kill.objects.filter(tracking_id=to_database(target.tracking_id))
    if target.link_number is not None:
        kills = kills.filter(link_number=target.link_number)
    if target.recipient_index is not None:
        kills = kills.filter(recipient_index=target.recipient_index)
    return kills.delete()[0]


def kill_expression(expression: str, by: str) -> None:
    """Switch a host or URL off in whatever mail; one that is off already stays so.

    `expression` is one of Safe Browsing (`policy.own_entries.expression_of`).
    """
    ExpressionKill.objects.get_or_create(
        digest=digest_of(expression), defaults={"expression": expression, "killed_by": by[:LONGEST_USER]}
    )


def revive_expression(expression: str) -> int:
    """Undo the kill of a host or URL; return whether there was one, as a number.

    Others stay: a URL stays off while its host is off, and one that was switched off by itself when its host
    is on again.
    """
    return ExpressionKill.objects.filter(digest=digest_of(expression)).delete()[0]


def around(expression: str) -> list[str]:
    """Return the other expressions by which a host or URL, or some of what is below it, is switched off."""
    rows = ExpressionKill.objects.values_list("expression", flat=True)
    return [
        each
        for each in rows
        if each != expression and (_is_below(expression, each) or _is_below(each, expression))
    ]


def _is_below(expression: str, other: str) -> bool:
    return any(each == other for each, _ in full_hashes(f"http://{expression}"))


def of_message(tracking_id: int) -> list[KillTarget]:
    """Return what is switched off of a message, the widest first. `tracking_id` is the unsigned form."""
    targets = [_target(row) for row in Kill.objects.filter(tracking_id=to_database(tracking_id))]
    return sorted(targets, key=lambda t: (t.link_number is not None, t.recipient_index is not None))


def listed() -> list[tuple[KillTarget, Kill]]:
    """Return all kills with their rows, in the order in which they were made."""
    return [(_target(row), row) for row in Kill.objects.order_by("pk")]


def listed_expressions() -> QuerySet[ExpressionKill]:
    """Return the hosts and URLs that are switched off, in the order in which it was done."""
    return ExpressionKill.objects.order_by("pk")


def switched_off() -> Kills:
    """Return all kills of messages and links as the snapshot carries them."""
    messages, links, tokens = set(), set(), set()
    for target, _ in listed():
        message, number, recipient = target.tracking_id, target.link_number, target.recipient_index
        if number is None:
            messages.add(message)
        elif recipient is None:
            links.add((message, number))
        else:
            tokens.add((message, number, recipient))
    return Kills(frozenset(messages), frozenset(links), frozenset(tokens))


def fingerprint() -> tuple[object, ...]:
    """Return a value that differs when `switched_off` would say something else: rows are never changed."""
    found = Kill.objects.aggregate(number=Count("pk"), latest=Max("pk"))
    return found["number"], found["latest"]


def _target(row: Kill) -> KillTarget:
    return KillTarget(from_database(row.tracking_id), row.link_number, row.recipient_index)
