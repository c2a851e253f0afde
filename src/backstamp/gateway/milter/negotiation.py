"""negotiation: what we ask an MTA for, of what it offers (`SMFIC_OPTNEG`)."""

import functools
from typing import Final

from backstamp.gateway.milter import codec
from backstamp.gateway.milter.codec import (
    Action,
    Command,
    MacroStage,
    MilterProtocolError,
    Negotiation,
    Step,
)

VERSION: Final = 6
_NEEDED_ACTIONS: Final = Action.ADD_HEADERS | Action.REPLACE_BODY | Action.CHANGE_HEADERS
_QUIET: Final = {
    Command.CONNECT: Step.QUIET_CONNECT,
    Command.HELO: Step.QUIET_HELO,
    Command.MAIL: Step.QUIET_MAIL,
    Command.RCPT: Step.QUIET_RCPT,
    Command.DATA: Step.QUIET_DATA,
    Command.UNKNOWN: Step.QUIET_UNKNOWN,
    Command.HEADER: Step.QUIET_HEADER,
    Command.END_OF_HEADERS: Step.QUIET_END_OF_HEADERS,
    Command.BODY: Step.QUIET_BODY,
}
"""The commands that are sent without waiting for a reply, where the MTA can: there is one turn a message."""
_UNNEEDED: Final = Step.NO_UNKNOWN | Step.NO_DATA | Step.NO_END_OF_HEADERS
MACROS: Final = (
    (MacroStage.CONNECT, b"{daemon_name} v"),
    (MacroStage.MAIL, b"i {auth_authen}"),
    (MacroStage.END_OF_MESSAGE, b"i"),
)
"""What is read, and no more: each macro is looked up and sent for every message.

Postfix knows the queue id ("i") from the first recipient on only. Sendmail 8.17 tells it at MAIL, and at the
end of a message sends what it was configured to, whatever is asked for.
"""


@functools.lru_cache(maxsize=16)
def answer_to(payload: bytes) -> tuple[bytes, frozenset[int]]:
    """Return the packet that answers the data of NEGOTIATE, and the commands that want a reply.

    Kept, for an MTA connects for every client of its own and always offers the same. Raises
    `MilterProtocolError` where it offers less than is needed to change a message exactly.
    """
    offer = codec.read_negotiation(payload)
    if offer.version < VERSION or not offer.steps & Step.LEADING_SPACE:
        raise MilterProtocolError(
            "the MTA speaks a milter protocol older than 6 (Postfix: milter_protocol = 6)"
        )
    if offer.actions & _NEEDED_ACTIONS != _NEEDED_ACTIONS:
        raise MilterProtocolError("the MTA does not let a milter change header and body")
    quiet = {command: step for command, step in _QUIET.items() if offer.steps & step}
    steps = Step.LEADING_SPACE | (offer.steps & _UNNEEDED)
    for step in quiet.values():
        steps |= step
    sets_macros = offer.actions & Action.SET_MACROS
    answer = Negotiation(VERSION, _NEEDED_ACTIONS | sets_macros, steps)
    return codec.negotiation(answer, MACROS if sets_macros else ()), frozenset(set(_QUIET) - set(quiet))
