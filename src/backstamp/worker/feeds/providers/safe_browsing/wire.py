"""Protocol buffers, read: the fields of a message, one after the other (protobuf.dev, "Encoding").

Safe Browsing v5 answers in this form, whatever its description says of JSON (googleapis/google-api-go-client
issue 2534). What is needed of it is so little that a library would be the larger part.
"""

from collections.abc import Iterator
from typing import Final

_LONGEST_VARINT: Final = 10


class WireError(ValueError):
    """It is no message."""


class Message:
    """The fields of a message by number: unknown ones are never asked for, of single ones the last counts."""

    def __init__(self, data: bytes) -> None:
        """Raises WireError."""
        self._fields: dict[int, list[int | bytes]] = {}
        for number, value in _fields(data):
            self._fields.setdefault(number, []).append(value)

    def number(self, field: int) -> int:
        """Return a number; 0 where it is absent. Raises WireError."""
        value = self._fields.get(field, [0])[-1]
        if not isinstance(value, int):
            raise WireError("bytes where a number belongs")
        return value

    def data(self, field: int) -> bytes:
        """Return bytes; none where they are absent. Raises WireError."""
        return self.datas(field)[-1] if field in self._fields else b""

    def datas(self, field: int) -> list[bytes]:
        """Return the bytes of a field that may be there more than once. Raises WireError."""
        values = self._fields.get(field, [])
        found = [value for value in values if isinstance(value, bytes)]
        if len(found) != len(values):
            raise WireError("a number where bytes belong")
        return found

    def messages(self, field: int) -> "list[Message]":
        """Return the messages of a field. Raises WireError."""
        return [Message(data) for data in self.datas(field)]

    def numbers(self, field: int) -> list[int]:
        """Return repeated numbers, packed or not. Raises WireError."""
        found: list[int] = []
        for value in self._fields.get(field, []):
            if isinstance(value, int):
                found.append(value)
                continue
            position = 0
            while position < len(value):
                number, position = _varint(value, position)
                found.append(number)
        return found


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        value: int | bytes
        match tag & 7:
            case 0:
                value, position = _varint(data, position)
            case 1:
                raw, position = _taken(data, position, 8)
                value = int.from_bytes(raw, "little")
            case 5:
                raw, position = _taken(data, position, 4)
                value = int.from_bytes(raw, "little")
            case 2:
                length, position = _varint(data, position)
                value, position = _taken(data, position, length)
            case _:
                raise WireError("a field of no known type")
        yield tag >> 3, value


def _taken(data: bytes, position: int, length: int) -> tuple[bytes, int]:
    end = position + length
    if end > len(data):
        raise WireError("it ends too early")
    return data[position:end], end


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for place in range(_LONGEST_VARINT):
        if position + place >= len(data):
            raise WireError("it ends too early")
        byte = data[position + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position + place + 1
    raise WireError("a number that does not end")
