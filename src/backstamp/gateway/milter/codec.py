"""codec: packets of the milter protocol, taken apart and put together; no I/O.

The protocol has no standard. What is here is version 6 as libmilter 8.14 and later and Postfix's
`src/milter/milter8.c` speak it: a length (32 bits, most significant octet first), one octet that names the
command or the reply, and its data.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum, IntFlag
from typing import Final

import msgspec

MAX_PACKET: Final = 4 * 1024 * 1024
"""Octets of one packet. A piece of a body has at most 65,535, a header field as many as the MTA lets pass
(Postfix's `header_size_limit`: 102,400)."""
MAX_MACRO: Final = 1024
"""Octets of a macro's value that is of any use: a queue id, a login name, the MTA's version."""
MAX_CHUNK: Final = 65_535
"""Octets of one piece of a body: libmilter's `MILTER_CHUNK_SIZE`, and the most that Postfix sends."""

_LENGTH: Final = struct.Struct("!I")
_NEGOTIATION: Final = struct.Struct("!III")
_PORT_OCTETS: Final = 2


class MilterProtocolError(ValueError):
    """What came is not the milter protocol, or not in its order; says what was wrong, and quotes nothing."""


class Command(IntEnum):
    """What an MTA says (libmilter's `SMFIC_*`)."""

    ABORT = ord("A")
    BODY = ord("B")
    CONNECT = ord("C")
    MACRO = ord("D")
    END_OF_MESSAGE = ord("E")
    HELO = ord("H")
    QUIT_NEW_CONNECTION = ord("K")
    HEADER = ord("L")
    MAIL = ord("M")
    END_OF_HEADERS = ord("N")
    NEGOTIATE = ord("O")
    QUIT = ord("Q")
    RCPT = ord("R")
    DATA = ord("T")
    UNKNOWN = ord("U")


class Action(IntFlag):
    """What a milter may do at the end of a message (`SMFIF_*`)."""

    ADD_HEADERS = 0x01
    REPLACE_BODY = 0x02
    CHANGE_HEADERS = 0x10
    SET_MACROS = 0x100


class Step(IntFlag):
    """What an MTA leaves out, which commands want no reply, and more of how it speaks (`SMFIP_*`)."""

    NO_END_OF_HEADERS = 0x40
    QUIET_HEADER = 0x80
    NO_UNKNOWN = 0x100
    NO_DATA = 0x200
    QUIET_CONNECT = 0x1000
    QUIET_HELO = 0x2000
    QUIET_MAIL = 0x4000
    QUIET_RCPT = 0x8000
    QUIET_DATA = 0x1_0000
    QUIET_UNKNOWN = 0x2_0000
    QUIET_END_OF_HEADERS = 0x4_0000
    QUIET_BODY = 0x8_0000
    LEADING_SPACE = 0x10_0000


class MacroStage(IntEnum):
    """When macros are sent (`SMFIM_*`)."""

    CONNECT = 0
    HELO = 1
    MAIL = 2
    RCPT = 3
    DATA = 4
    END_OF_MESSAGE = 5
    END_OF_HEADERS = 6


class PacketReader:
    """Makes packets of what comes in, however it is cut."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
        """Yield each packet that is complete now: its command and its data.

        Raises `MilterProtocolError` as soon as a length is seen that no packet has.
        """
        pending = self._pending
        pending += data
        start, end = 0, len(pending)
        try:
            while end - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(pending, start)
                if not 1 <= length <= MAX_PACKET:
                    raise MilterProtocolError("a packet of an impossible length")
                stop = start + _LENGTH.size + length
                if stop > end:
                    return
                payload = bytes(memoryview(pending)[start + _LENGTH.size + 1 : stop])
                command = pending[start + _LENGTH.size]
                start = stop
                yield command, payload
        finally:
            del pending[:start]


class Negotiation(msgspec.Struct, frozen=True):
    """One side's version, actions and steps."""

    version: int
    actions: int
    steps: int


def read_negotiation(payload: bytes) -> Negotiation:
    """Read the data of NEGOTIATE. Raises `MilterProtocolError`."""
    if len(payload) < _NEGOTIATION.size:
        raise MilterProtocolError("a negotiation that is cut off")
    return Negotiation(*_NEGOTIATION.unpack_from(payload))


def read_strings(payload: bytes) -> list[bytes]:
    """Return strings that each end in NUL. Raises `MilterProtocolError` where the last has no end."""
    if not payload:
        return []
    if payload[-1] != 0:
        raise MilterProtocolError("a string without its end")
    return payload[:-1].split(b"\0")


def read_connect(payload: bytes) -> bytes:
    """Return the client's address, "" where it has none. Raises `MilterProtocolError`."""
    _, _, rest = payload.partition(b"\0")
    # "U" for unknown; "4", "6" and "L" (a Unix socket) are followed by a port and the address.
    if rest[:1] in (b"4", b"6", b"L"):
        strings = read_strings(rest[1 + _PORT_OCTETS :])
        address = strings[0] if strings else b""
        return address[5:] if address[:5].lower() == b"ipv6:" else address
    if rest[:1] != b"U":
        raise MilterProtocolError("a client of an unknown address family")
    return b""


def read_header(payload: bytes) -> tuple[bytes, bytes]:
    """Return name and value of a header field. Raises `MilterProtocolError`.

    A NUL within the value is the stranger's: the MTA that hands it on is no reason to hang up on it.
    """
    name, _, value = payload.partition(b"\0")
    if not name or not value.endswith(b"\0"):
        raise MilterProtocolError("a header field without name or value")
    return name, value[:-1]


def read_macros(payload: bytes) -> tuple[int, dict[bytes, bytes]]:
    """Return the command that macros belong to, and each value by its name without braces.

    One that is too long is left out: they are kept beside what counts against any limit. Raises
    `MilterProtocolError`.
    """
    if not payload:
        raise MilterProtocolError("macros of no command")
    strings = read_strings(payload[1:])
    if len(strings) % 2:
        raise MilterProtocolError("a macro without a value")
    return payload[0], {
        name.strip(b"{}"): value
        for name, value in zip(strings[::2], strings[1::2], strict=True)
        if len(value) <= MAX_MACRO
    }


def packet(command: bytes, *parts: bytes) -> bytes:
    """Return a packet of one octet and data."""
    return b"".join((_LENGTH.pack(1 + sum(map(len, parts))), command, *parts))


CONTINUE: Final = packet(b"c")
PROGRESS: Final = packet(b"p")


def negotiation(answer: Negotiation, macros: Sequence[tuple[MacroStage, bytes]]) -> bytes:
    """Return our side of NEGOTIATE; `macros`: the names, with spaces between, wanted at each stage."""
    wanted = b"".join(_LENGTH.pack(stage) + names + b"\0" for stage, names in macros)
    return packet(b"O", _NEGOTIATION.pack(answer.version, answer.actions, answer.steps), wanted)


def reply_code(text: bytes) -> bytes:
    """Return a refusal with an SMTP reply, its lines with CRLF between; the MTA takes "%" for a macro."""
    return packet(b"y", text.replace(b"%", b"%%"), b"\0")


def insert_header(place: int, name: bytes, value: bytes) -> bytes:
    """Return the packet that puts a field at `place` in the whole header section, counted from 0."""
    return packet(b"i", _LENGTH.pack(place), name, b"\0", value, b"\0")


def add_header(name: bytes, value: bytes) -> bytes:
    """Return the packet that puts a field behind all others."""
    return packet(b"h", name, b"\0", value, b"\0")


def change_header(number: int, name: bytes, value: bytes) -> bytes:
    """Return the packet that changes the field that is `number`, from 1, of those of its name.

    An empty value takes the field away.
    """
    return packet(b"m", _LENGTH.pack(number), name, b"\0", value, b"\0")


def replace_body(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the packets that give the message another body, one for each chunk of `MAX_CHUNK` at most."""
    for chunk in chunks:
        yield packet(b"b", chunk)
