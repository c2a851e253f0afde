"""conversation: what an MTA says on one connection, in its order, until a message is whole; no I/O.

Several messages come on one connection, one after the other, and `QUIT_NEW_CONNECTION` begins with another
client on it. All that is kept of a message counts, against its own limit and against the process's. What is
beyond them is refused, as where mail comes by SMTP: a stranger can bring it about, and must gain nothing.
"""

from collections.abc import Callable
from enum import IntEnum
from io import BytesIO
from typing import Final

import msgspec

from backstamp.gateway.milter import codec, negotiation
from backstamp.gateway.milter.codec import Command, MilterProtocolError
from backstamp.gateway.milter.message import MilterEnvelope, MilterPath
from backstamp.gateway.protocol.commands import MOST_RECIPIENTS, TOO_MANY_RECIPIENTS
from backstamp.gateway.protocol.mail_data import NO_STORAGE, TOO_LARGE, Budget
from backstamp.gateway.protocol.reply import Reply, reply

MOST_FIELDS: Final = 20_000
"""Header fields; each costs time and memory of its own. A long thread's message has some hundred."""
_EACH: Final = 64
"""What an object in a list costs beside its octets."""

TOO_MANY_FIELDS: Final = reply(552, "5.3.4 The message has more header fields than this server takes")

_CONNECTION_MACROS: Final = frozenset({Command.CONNECT, Command.HELO})
_READ_MACROS: Final = frozenset({b"i", b"auth_authen", b"daemon_name", b"v"})


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A whole message.

    `raw` is as it would lie in a file, with CRLF; its body begins at `body_start`. `fields` are the header
    fields with CRLF inside and none at the end; `hidden_fields`: how many fields of the MTA's own stand above
    them; `fold`: what the MTA writes between a field's lines. Where the content was not kept, `unkept` is its
    refusal.
    """

    envelope: MilterEnvelope
    raw: bytes
    body_start: int
    fields: list[bytes]
    hidden_fields: int
    fold: bytes
    unkept: Reply | None


class _Stage(IntEnum):
    NONE = 0
    ENVELOPE = 1
    HEADER = 2
    BODY = 3


class _Content:
    """What is kept of one message."""

    def __init__(self, max_size: int, budget: Budget) -> None:
        self._left = max_size
        self._budget = budget
        self._taken = 0
        self.reverse_path = MilterPath("")
        self.recipients: list[MilterPath] = []
        self.fields: list[bytes] = []
        self.raw = BytesIO()
        """Gives away what it has gathered as it is: chunks in a list would be there twice in the end."""
        self.body_start = 0
        self.fold = b"\n"
        self.unkept: Reply | None = None

    def room_for(self, payload: bytes, *, counts: bool = True) -> bool:
        """Reserve memory; where there is none, drop all that was kept.

        `counts`: it is a part of the message, whose size is limited as the MTA counts it, or less.
        """
        if self.unkept is not None:
            return False
        octets = len(payload)
        if counts and octets > self._left:
            return self._drop(TOO_LARGE)
        if len(self.recipients) > MOST_RECIPIENTS:
            return self._drop(TOO_MANY_RECIPIENTS)
        if len(self.fields) > MOST_FIELDS:
            return self._drop(TOO_MANY_FIELDS)
        if not self._budget.take(_EACH + octets):
            return self._drop(NO_STORAGE)
        self._left -= octets if counts else 0
        self._taken += _EACH + octets
        return True

    def _drop(self, refusal: Reply) -> bool:
        self.unkept = refusal
        self.recipients, self.fields, self.raw = [], [], BytesIO()
        self.give_back()
        return False

    def begin_body(self) -> None:
        """Put the header together, unless that is done."""
        if not self.body_start:
            self.body_start = self.raw.write(b"".join(each + b"\r\n" for each in self.fields) + b"\r\n")

    def give_back(self) -> None:
        self._budget.give(self._taken)
        self._taken = 0


class Conversation:
    """One connection's state."""

    def __init__(self, *, max_size: int, budget: Budget, new_trace_id: Callable[[], str]) -> None:
        """Begin before the negotiation; `max_size` in octets is for one message."""
        self._max_size = max_size
        self._budget = budget
        self._new_trace_id = new_trace_id
        self._wants_reply: frozenset[int] | None = None
        self._stage = _Stage.NONE
        self._content: _Content | None = None
        self._client = b""
        self._helo = b""
        self._macros: dict[bytes, bytes] = {}
        self._message_macros: dict[bytes, bytes] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no message has begun."""
        return self._content is None

    def take(self, command: int, payload: bytes) -> bytes | Arrived | None:
        """Take a packet; return what is to be said at once, or a whole message, or None for the end.

        After a message `forget` is called, once it is answered. Raises `MilterProtocolError`.
        """
        if self._wants_reply is None:
            return self._negotiate(command, payload)
        match command:
            case Command.HEADER:
                self._header(payload)
            case Command.MACRO:
                self._note_macros(payload)
            case Command.BODY:
                self._body(payload)
            case Command.RCPT:
                self._rcpt(payload)
            case Command.MAIL:
                self._mail(payload)
            case Command.END_OF_MESSAGE:
                return self._end(payload)
            case Command.END_OF_HEADERS:
                self._advance(_Stage.BODY)
            case Command.CONNECT:
                self._client = codec.read_connect(payload)
            case Command.HELO:
                self._helo = payload.rstrip(b"\0")
            case Command.ABORT:
                self.forget()
            case Command.QUIT_NEW_CONNECTION:
                self.forget()
                self._client, self._helo, self._macros = b"", b"", {}
            case Command.DATA | Command.UNKNOWN:
                pass  # says nothing to us
            case Command.QUIT:
                return None
            case _:
                raise MilterProtocolError("an unknown command, or a second negotiation")
        return codec.CONTINUE if command in self._wants_reply else b""

    def forget(self) -> None:
        """Drop the message."""
        if self._content is not None:
            self._content.give_back()
        self._content = None
        self._stage = _Stage.NONE
        self._message_macros = {}

    def _negotiate(self, command: int, payload: bytes) -> bytes | None:
        if command == Command.QUIT:
            return None
        if command != Command.NEGOTIATE:
            raise MilterProtocolError("it does not begin with a negotiation")
        answer, self._wants_reply = negotiation.answer_to(payload)
        return answer

    def _note_macros(self, payload: bytes) -> None:
        command, macros = codec.read_macros(payload)
        kept = self._macros if command in _CONNECTION_MACROS else self._message_macros
        for name in _READ_MACROS & macros.keys():
            kept[name] = macros[name]

    @property
    def _is_sendmail(self) -> bool:
        """Whether it is Sendmail: "v" is "8.17.1" there, and "Postfix 3.7.11"."""
        return self._macros.get(b"v", self._message_macros.get(b"v", b"")).startswith(b"8.")

    def _advance(self, stage: _Stage) -> _Content:
        if self._content is None or stage < self._stage:
            raise MilterProtocolError("a command out of order")
        self._stage = stage
        return self._content

    def _mail(self, payload: bytes) -> None:
        if self._content is not None:
            raise MilterProtocolError("a message within a message")
        content = self._content = _Content(self._max_size, self._budget)
        self._stage = _Stage.ENVELOPE
        if content.room_for(payload, counts=False):
            content.reverse_path = _path(payload)

    def _rcpt(self, payload: bytes) -> None:
        content = self._advance(_Stage.ENVELOPE)
        if content.room_for(payload, counts=False):
            content.recipients.append(_path(payload))

    def _header(self, payload: bytes) -> None:
        content = self._advance(_Stage.HEADER)
        if content.room_for(payload):
            name, value = codec.read_header(payload)
            if b"\r\n" in value and not self._is_sendmail:
                # libmilter's rule is LF alone, and Sendmail's CR before one is the stranger's own. Others
                # give a field as it stands in the message, and take it so.
                content.fold = b"\r\n"
                value = value.replace(b"\r\n", b"\n")
            content.fields.append(name + b":" + value.replace(b"\n", b"\r\n"))

    def _body(self, payload: bytes) -> None:
        content = self._advance(_Stage.BODY)
        if payload and content.room_for(payload):
            content.begin_body()
            content.raw.write(payload)

    def _end(self, payload: bytes) -> Arrived:
        self._body(payload)
        content = self._advance(_Stage.BODY)
        macros = self._macros | self._message_macros
        envelope = MilterEnvelope(
            client_address=_text(self._client),
            helo=_text(self._helo),
            reverse_path=content.reverse_path,
            recipients=tuple(content.recipients),
            queue_id=macros.get(b"i", b"").decode("ascii", "replace"),
            authenticated_user=_text(macros.get(b"auth_authen", b"")),
            daemon_name=_text(macros.get(b"daemon_name", b"")),
            trace_id=self._new_trace_id(),
        )
        # Postfix counts its own Received field, which no milter sees (`cleanup_milter.c`); Sendmail's comes
        # when the milters are done.
        hidden = 0 if self._is_sendmail else 1
        content.begin_body()
        raw, content.raw = content.raw.getvalue(), BytesIO()
        return Arrived(
            envelope=envelope,
            raw=raw,
            body_start=content.body_start,
            fields=content.fields,
            hidden_fields=hidden,
            fold=content.fold,
            unkept=content.unkept,
        )


def _path(payload: bytes) -> MilterPath:
    strings = codec.read_strings(payload)
    if not strings:
        raise MilterProtocolError("a command without its address")
    path = strings[0]
    if path.startswith(b"<") and path.endswith(b">"):
        path = path[1:-1]
    return MilterPath(_text(path), tuple(map(_text, strings[1:])))


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")
