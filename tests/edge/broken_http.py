"""Requests as no client should make them: HTTP/1.1 by a grammar and HTTP/2 by frames, broken at random."""

import random
from collections.abc import Callable, Sequence
from typing import Final

import hpack

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAMES: Final = {
    "DATA": 0,
    "HEADERS": 1,
    "PRIORITY": 2,
    "RST_STREAM": 3,
    "SETTINGS": 4,
    "PUSH_PROMISE": 5,
    "PING": 6,
    "GOAWAY": 7,
    "WINDOW_UPDATE": 8,
    "CONTINUATION": 9,
}
EVIL: Final = (
    b"//evil.example/",
    b"https://evil.example/",
    b"/\\evil.example",
    b"evil.example:443",
    b"*",
    b"/%0d%0aLocation:%20https://evil.example/",
    b"/?url=https://evil.example/",
)
ODD: Final = (
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"\xc3\x28",
    b" ",
    b"\t",
    b":",
    b"\x0b",
    b"%",
    b"%00",
    b"/",
    b"\\",
)


class Broken:
    """Makes them; `tokens` are whole ones of ours, and others that do not open."""

    def __init__(self, dice: random.Random, tokens: Sequence[str]) -> None:
        self._dice = dice
        self._tokens = [token.encode() for token in tokens]
        self._changes: tuple[Callable[[bytearray], None], ...] = (
            self._turn_a_bit,
            self._put_in,
            self._cut_out,
            self._repeat,
            self._cut_short,
        )

    def http1(self) -> bytes:
        """Return the bytes of some requests on one connection."""
        requests = b"".join(self._request() for _ in range(self._dice.choice((1, 1, 1, 2, 3))))
        return self._broken(requests) if self._dice.random() < 0.4 else requests

    def http2(self) -> bytes:
        """Return the bytes that a client sends on one connection."""
        encoder = hpack.Encoder()
        frames = [_frame("SETTINGS", 0, 0, b"")]
        for number in range(self._dice.randint(1, 4)):
            frames += self._some_frames(encoder, 2 * number + 1)
        if self._dice.random() < 0.1:
            self._dice.shuffle(frames)
        raw = [self._broken(frame) if self._dice.random() < 0.1 else frame for frame in frames]
        return (PREFACE if self._dice.random() < 0.95 else self._broken(PREFACE)) + b"".join(raw)

    def _target(self) -> bytes:
        dice, token = self._dice, self._dice.choice(self._tokens)
        match dice.randrange(12):
            case 0:
                return dice.choice(EVIL)
            case 1:
                return dice.choice(EVIL) + token
            case 2:
                return b"/" + token + dice.choice(EVIL)
            case 3:
                return self._broken(b"/" + token)
            case 4:
                return b"http://evil.example/" + token
            case _:
                return b"/" + token

    def _request(self) -> bytes:
        dice = self._dice
        method = dice.choice((b"GET",) * 9 + (b"HEAD", b"POST", b"CONNECT", b"OPTIONS", b"get", b"PRI"))
        version = dice.choice((b"HTTP/1.1",) * 15 + (b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b""))
        fields = [b"Host: x", *dice.sample(self._fields(), dice.choice((0, 0, 1, 1, 2, 5)))]
        body = dice.choice(
            (b"", b"", b"x" * 10, b"5\r\nhello\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"-1\r\n")
        )
        end = dice.choice((b"\r\n",) * 15 + (b"\n", b"\r"))
        return end.join([b" ".join((method, self._target(), version)), *fields, b"", body])

    def _fields(self) -> list[bytes]:
        dice = self._dice
        return [
            b"Content-Length: " + dice.choice((b"10", b"0", b"-1", b"99999999999999999999", b"1, 2", b"0x5")),
            b"Transfer-Encoding: " + dice.choice((b"chunked", b"chunked, chunked", b"x", b"identity")),
            b"Connection: " + dice.choice((b"close", b"upgrade", b"keep-alive, x-forwarded-for")),
            b"Upgrade: " + dice.choice((b"h2c", b"websocket")),
            b"Expect: 100-continue",
            b"Host: evil.example",
            b"X-Forwarded-For: "
            + dice.choice((b"192.0.2.1", b"::1", b"1.2.3.4, [::1]:5", b"\xff", b"," * 50)),
            b"X-Forwarded-Host: evil.example",
            b"X-Original-URL: https://evil.example/",
            b"User-Agent: " + dice.randbytes(dice.randrange(40)).replace(b"\n", b""),
            b"Accept: image/" + b"a" * dice.choice((1,) * 15 + (600,) * 4 + (70_000,)),
            b" folded: line",
            b"No colon",
            b": no name",
            b"Referer: javascript://x@\x80/",
        ] + [b"X-%d: y" % n for n in range(dice.choice((0, 0, 0, 150)))]

    def _some_frames(self, encoder: hpack.Encoder, stream: int) -> list[bytes]:
        dice = self._dice
        match dice.randrange(16):
            case 0:
                name = dice.choice(list(FRAMES))
                return [
                    _frame(name, dice.randrange(256), dice.randrange(8), dice.randbytes(dice.randrange(40)))
                ]
            case 1:
                return [
                    _frame("PING", 0, 0, bytes(8)),
                    _frame("WINDOW_UPDATE", 0, 0, bytes((0, *dice.randbytes(3)))),
                ]
            case 2:
                block = self._block(encoder)
                at = dice.randrange(len(block) + 1)
                return [
                    _frame("HEADERS", 1, stream, block[:at]),
                    _frame("CONTINUATION", dice.choice((0, 4)), stream, block[at:]),
                ]
            case 3:
                return [
                    _frame("HEADERS", 4, stream, self._block(encoder)),
                    _frame("DATA", 1, stream, dice.randbytes(dice.randrange(100))),
                ]
            case _:
                return [_frame("HEADERS", dice.choice((5,) * 12 + (45, 13)), stream, self._block(encoder))]

    def _block(self, encoder: hpack.Encoder) -> bytes:
        dice = self._dice
        method = dice.choice(("GET",) * 6 + ("HEAD", "POST", "CONNECT", ""))
        fields: list[tuple[bytes, bytes]] = [
            (b":method", method.encode()),
            (b":scheme", dice.choice((b"http", b"https") * 4 + (b"javascript",))),
            (b":path", self._target()),
            (b":authority", dice.choice((b"x",) * 6 + (b"evil.example", b"\xff"))),
        ]
        for line in dice.sample(self._fields(), dice.choice((0, 0, 0, 1, 3))):
            name, _, value = line.partition(b": ")
            fields.append((name if dice.random() < 0.05 else name.lower(), value))
        if dice.random() < 0.05:
            dice.shuffle(fields)
        return encoder.encode(fields, huffman=dice.random() < 0.5)

    def _broken(self, raw: bytes) -> bytes:
        changed = bytearray(raw)
        for _ in range(self._dice.choice((0, 1, 1, 2, 5))):
            if changed:
                self._dice.choice(self._changes)(changed)
        return bytes(changed)

    def _turn_a_bit(self, raw: bytearray) -> None:
        raw[self._dice.randrange(len(raw))] ^= 1 << self._dice.randrange(8)

    def _put_in(self, raw: bytearray) -> None:
        at = self._dice.randrange(len(raw) + 1)
        raw[at:at] = self._dice.choice(ODD)

    def _cut_out(self, raw: bytearray) -> None:
        at = self._dice.randrange(len(raw))
        del raw[at : at + self._dice.randint(1, 8)]

    def _repeat(self, raw: bytearray) -> None:
        at = self._dice.randrange(len(raw))
        piece = raw[at : at + self._dice.randint(1, 40)]
        raw[at:at] = piece * self._dice.choice((1, 1, 2, 30))

    def _cut_short(self, raw: bytearray) -> None:
        del raw[self._dice.randrange(len(raw)) :]


def _frame(name: str, flags: int, stream: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes((FRAMES[name], flags)) + stream.to_bytes(4, "big")
    return head + payload


def locations_1(answer: bytes) -> set[bytes]:
    """Return all values of Location in the answers of one HTTP/1.1 connection."""
    lines = answer.split(b"\r\n")
    return {line.partition(b":")[2].strip() for line in lines if line.lower().startswith(b"location:")}


def locations_2(answer: bytes) -> set[bytes]:
    """Return all values of Location in the whole frames that a server sent on one connection."""
    decoder, found, block = hpack.Decoder(), set[bytes](), b""
    while len(answer) >= 9 and len(answer) >= 9 + int.from_bytes(answer[:3], "big"):
        length, kind, flags = int.from_bytes(answer[:3], "big"), answer[3], answer[4]
        payload, answer = answer[9 : 9 + length], answer[9 + length :]
        if kind in (FRAMES["HEADERS"], FRAMES["CONTINUATION"]):
            block += payload
            if flags & 4:
                fields = decoder.decode(block, raw=True)
                found |= {bytes(value) for name, value, *_ in fields if name == b"location"}
                block = b""
    return found
