"""handover: one mail transaction with the next hop, and what came of it for each recipient."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from backstamp.gateway.protocol.commands import Mailbox
from backstamp.gateway.protocol.reply import Reply
from backstamp.gateway.relaying.next_hop import GARBLED, SERVICE_ENDS, NextHopConnection, UnreachableError
from backstamp.mail.patches import Patched


class Stage(StrEnum):
    """Where in the dialog the reply came that settled a recipient's fate."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    END_OF_DATA = "end_of_data"
    EARLIER = "earlier"
    """Accepted at an earlier try of the same message."""
    SUPPRESSED = "suppressed"
    """Never handed over: the recipient is on the suppression list."""
    PROTECTION = "protection"
    """Not handed over: the link protection refused it, or put it off."""


class Outcome(msgspec.Struct, frozen=True):
    """What the next hop, or one of our own lists and rules, said of one recipient, and at which stage."""

    stage: Stage
    reply: Reply


def mail_line(reverse_path: Mailbox, size: int | None) -> str:
    """Return the MAIL command; `size` in octets takes the place of a SIZE parameter, None leaves it out.

    AUTH (RFC 4954 §5) is not handed on: what the client says of its user is for us alone.
    """
    words = [f"MAIL FROM:<{reverse_path.path}>"]
    words += [each.written for each in reverse_path.parameters if each.name not in ("SIZE", "AUTH")]
    if size is not None:
        words.append(f"SIZE={size}")
    return " ".join(words)


def rcpt_line(forward_path: Mailbox) -> str:
    """Return the RCPT command, parameters as they came."""
    return " ".join([f"RCPT TO:<{forward_path.path}>", *(each.written for each in forward_path.parameters)])


async def hand_over(
    hop: NextHopConnection, reverse_path: Mailbox, forward_paths: Sequence[Mailbox], message: Patched
) -> list[Outcome]:
    """Send a message in a transaction of its own; return the outcome for each forward path."""
    outcomes: list[Outcome | None] = [None] * len(forward_paths)
    stage = Stage.CONNECT
    try:
        await hop.reset()
        stage = Stage.MAIL
        size = len(message) if "SIZE" in hop.capabilities else None
        lines = [mail_line(reverse_path, size), *map(rcpt_line, forward_paths)]
        pipelined = "PIPELINING" in hop.capabilities
        answer = await hop.begin_transaction(lines[0], [*lines[1:], "DATA"] if pipelined else [])
        if not answer.positive:
            if pipelined:
                await hop.skip_replies(len(lines))
            return [Outcome(stage, answer)] * len(forward_paths)
        stage = Stage.RCPT
        for place, line in enumerate(lines[1:]):
            answer = await (hop.read() if pipelined else hop.command(line))
            if not answer.positive:
                outcomes[place] = Outcome(stage, answer)
        stage = Stage.DATA
        accepted = [place for place, outcome in enumerate(outcomes) if outcome is None]
        if not accepted and not pipelined:
            return [each for each in outcomes if each is not None]
        if not pipelined:
            await hop.send("DATA")
        results = await _data(hop, len(accepted), message)
        for place, outcome in zip(accepted, results, strict=True):
            outcomes[place] = outcome
    except UnreachableError as error:
        return [each or Outcome(stage, error.reply) for each in outcomes]
    return [each for each in outcomes if each is not None]


async def hand_over_open(hop: NextHopConnection, count: int, message: Patched) -> list[Outcome]:
    """Send a message in the transaction that stands, with `count` accepted recipients."""
    try:
        await hop.send("DATA")
    except UnreachableError as error:
        return [Outcome(Stage.DATA, error.reply)] * count
    return await _data(hop, count, message)


async def _data(hop: NextHopConnection, count: int, message: Patched) -> list[Outcome]:
    """DATA was sent: read its reply, send the message, read the last replies."""
    outcomes: list[Outcome] = []
    stage = Stage.DATA
    try:
        answer = await hop.read(hop.timeouts.data, asks=True)
        if not answer.intermediate:
            # A 2yz here would be nonsense; it must not pass for an acceptance.
            if answer.positive:
                hop.abort()
                answer = GARBLED
            return [Outcome(stage, answer)] * count
        stage = Stage.END_OF_DATA
        # RFC 2920 §3.1: a server may say 354 although it takes nobody; then nothing must follow.
        replies = count if hop.lmtp else 1
        await hop.send_message(message if count else Patched(b""), replies=replies)
        for number in range(1, replies + 1):
            answer = await hop.read(hop.timeouts.end_of_data, goes_on=number < replies)
            outcomes.append(Outcome(stage, answer))
        # Postfix keeps the transaction when it refuses a message after its end: RSET has to follow.
        hop.in_transaction = not all(outcome.reply.positive for outcome in outcomes)
        if hop.lmtp and not await _are_for_these(hop, outcomes):
            return [Outcome(stage, GARBLED)] * count
    except UnreachableError as error:
        return outcomes + [Outcome(stage, error.reply)] * (count - len(outcomes))
    return outcomes if hop.lmtp else outcomes[:1] * count


async def _are_for_these(hop: NextHopConnection, outcomes: Sequence[Outcome]) -> bool:
    """Whether the replies can be put to their recipients: there are no more of them, or all say the same.

    A server that answers for a recipient whom it had refused, too, would have us tell one of another's fate.
    """
    more = await hop.read_more()
    if more:
        hop.abort()
    replies = [*(each.reply for each in outcomes), *(each for each in more if each.code != SERVICE_ENDS)]
    return not more or len({each.code // 100 for each in replies}) == 1
