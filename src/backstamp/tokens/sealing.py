"""Seal and open tokens: what a pixel or a link says, unreadable and unforgeable.

Layout, before base64url without padding:

    key number 1 | SIV 16 | sealed: kind 1, domain 2, message 8, then
        pixel: recipient key 8                       -> 36 bytes, 48 characters
        link:  recipient index 2, link number 2, URL -> 32 bytes + the URL, shortened
        link of received mail: ..., recipient key 8, URL -> 40 bytes + the URL, shortened

The kind says how the URL is shortened: without its usual beginning, which a number stands for, or
deflated with a preset dictionary.  Its highest bit marks a link of protected received mail, which must
never lead on before its target was checked, and which names its mailbox, so that a mailbox's own lists count
with everything else dead; the next bit marks one whose looks were suspicious when the mail came.

AES-SIV (RFC 5297) needs no nonce, so the same facts always give the same token, and a token
without its key says nothing.  The purpose is bound by the subkey, the key's number as associated data.
"""

import binascii
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag

from backstamp.tokens.dictionary import URL_DICTIONARY
from backstamp.tokens.keyring import Keyring, Opener, Purpose
from backstamp.tokens.pages import page_url, seal_page

ANONYMOUS: Final = bytes(8)
"""The recipient key of a pixel that seals no recipient."""
NO_RECIPIENT: Final = 0xFFFF
MAX_URL_BYTES: Final = 16_384
"""Longest URL we seal.  Browsers allow more, but servers commonly refuse request lines over 8 to
16 KB (nginx `large_client_header_buffers` 4 × 8 KB), so a longer link would die behind a proxy."""
MAX_TOKEN_CHARS: Final = 44 + (MAX_URL_BYTES * 4 + 2) // 3
PIXEL_CHARS: Final = 48

_PIXEL: Final = 1
_LINK_PLAIN: Final = 2
_LINK_DEFLATED: Final = 3
_BEGINNINGS: Final = {4: b"https://www.", 5: b"https://", 6: b"http://www.", 7: b"http://"}
_KINDS: Final = {beginning: kind for kind, beginning in _BEGINNINGS.items()}
_SIZES: Final = tuple(map(len, _KINDS))
_DEFLATE_FROM: Final = 90
"""Shorter URLs than this gain little over their beginning (142 links of real mail: 60 to 79 octets become
53 deflated and 54 without beginning), and deflating is 3.5 of the 6 µs that a seal would take."""
_PROTECTED: Final = 0x80
_DOUBTFUL: Final = 0x40
_MARKS: Final = _PROTECTED | _DOUBTFUL
_KEY_BYTES: Final = 8
_PIXEL_FORMAT: Final = struct.Struct(">BHQ8s")
_LINK_FORMAT: Final = struct.Struct(">BHQHH")
_LINK_BYTES: Final = _LINK_FORMAT.size
_unpack_link: Final = _LINK_FORMAT.unpack_from
# What is not of the URL-safe alphabet becomes what the strict decoder refuses.
_TO_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING: Final = (b"", b"===", b"==", b"=")
_FILLING: Final = (b"", b"\0\0", b"\0")
_LAST: Final = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""What a token may end with, by its length modulo 4: unless four characters fill three bytes, the last one
carries unused bits, and only the spelling that we wrote is ours (RFC 4648 §3.5)."""
_WINDOW_BITS: Final = -12
"""Raw deflate with a 4 KB window: longer than dictionary and almost every URL, and a compressor
that is made in 5 µs instead of the 20 µs of the full 32 KB window."""
_DEFLATE: Final = zlib.compressobj(9, zlib.DEFLATED, _WINDOW_BITS, 5, zlib.Z_DEFAULT_STRATEGY, URL_DICTIONARY)
"""Copied for each URL, which takes 1 µs; to make one and to read the dictionary takes 1.7."""


class UnsealableUrlError(ValueError):
    """The URL is empty, not ASCII, or longer than `MAX_URL_BYTES`."""


class PixelToken(msgspec.Struct, frozen=True):
    """What a pixel's token says. `recipient_key` is `ANONYMOUS` where no recipient is sealed."""

    key_id: int
    domain_id: int
    tracking_id: int
    recipient_key: bytes


class LinkToken(msgspec.Struct, frozen=True):
    """What a link's token says. `recipient_index` is None where no recipient is sealed.

    `protected` is true for a link of received mail: its target is to be checked at every click. Such a link
    has its mailbox's `recipient_key` (`ANONYMOUS` where none is sealed), and is `doubtful` where its looks
    were suspicious when the mail came.
    """

    key_id: int
    domain_id: int
    tracking_id: int
    recipient_index: int | None
    link_number: int
    url: str
    protected: bool = False
    recipient_key: bytes = ANONYMOUS
    doubtful: bool = False


def seal_pixel(ring: Keyring, *, domain_id: int, tracking_id: int, recipient_key: bytes = ANONYMOUS) -> str:
    """Return the 48-character token of a pixel. `tracking_id` is an unsigned 64-bit number."""
    sealed = _PIXEL_FORMAT.pack(_PIXEL, domain_id, tracking_id, recipient_key)
    return _sealing(ring, Purpose.PIXEL)([sealed])[0]


def seal_link(
    ring: Keyring,
    *,
    domain_id: int,
    tracking_id: int,
    recipient_index: int | None,
    link_number: int,
    url: str,
    protected: bool = False,
    recipient_key: bytes = ANONYMOUS,
    doubtful: bool = False,
) -> str:
    """Return the token of a link: at most 44 characters and 1.4 times the URL's length.

    `url` is ASCII, as a browser would request it; `recipient_index` and `link_number` are below 65,535;
    `protected` marks a link of received mail, whose token is 11 characters longer: only it holds
    `recipient_key`, and may be `doubtful`. Raises `UnsealableUrlError`.
    """
    sealer = CopySealer(
        ring,
        "",
        domain_id=domain_id,
        tracking_id=tracking_id,
        recipient_index=recipient_index,
        recipient_key=recipient_key,
        protected=protected,
        doubtful=frozenset({link_number}) if doubtful else frozenset(),
    )
    return sealer.links([(link_number, url)])[0].removeprefix("/")


class CopySealer:
    """Makes the whole URLs of one recipient's copy of a message.

    `base_url` has no slash at its end; `recipient_index` is None and `recipient_key` is `ANONYMOUS` where
    no recipient is sealed; `protected` marks the links of received mail, and `doubtful` are the numbers of
    those whose looks are suspicious. `sender_domain` is for the recipient's page.
    """

    def __init__(
        self,
        ring: Keyring,
        base_url: str,
        *,
        domain_id: int,
        tracking_id: int,
        recipient_index: int | None = None,
        recipient_key: bytes = ANONYMOUS,
        protected: bool = False,
        doubtful: frozenset[int] = frozenset(),
        sender_domain: str = "",
    ) -> None:
        self._ring = ring
        self._sender_domain = sender_domain
        self._recipient_index = recipient_index
        self._seal_links = _sealing(ring, Purpose.LINK)
        self._seal_pixels = _sealing(ring, Purpose.PIXEL)
        self._start = f"{base_url}/"
        self._domain_id = domain_id
        self._tracking_id = tracking_id
        self._recipient = NO_RECIPIENT if recipient_index is None else recipient_index
        self._recipient_key = recipient_key
        self._mark = _PROTECTED if protected else 0
        self._link_key = recipient_key if protected else b""
        self._doubtful = doubtful if protected else frozenset()

    def links(self, links: Sequence[tuple[int, str]]) -> list[str]:
        """Return for each link, given as its number and URL, the URL that takes its place.

        Raises `UnsealableUrlError`.
        """
        shortened = [_shortened(url) for _, url in links]
        tokens = self._seal_links(self._plain_links(links, shortened))
        start = self._start
        for index, token in enumerate(tokens):
            if token[-1] == "-" and shortened[index][0] != _LINK_PLAIN:
                # In plain text Thunderbird leaves a hyphen at the end out of a link (mozTXTToHTMLConv); one
                # token in 200 ends so. Written in full the same URL gives another token.
                full = [(_LINK_PLAIN, links[index][1].encode("ascii"))]
                tokens[index] = self._seal_links(self._plain_links(links[index : index + 1], full))[0]
        return [start + token for token in tokens]

    def _plain_links(
        self, links: Sequence[tuple[int, str]], shortened: list[tuple[int, bytes]]
    ) -> list[bytes]:
        pack, mark, key, doubtful = _LINK_FORMAT.pack, self._mark, self._link_key, self._doubtful
        domain_id, tracking_id, recipient = self._domain_id, self._tracking_id, self._recipient
        return [
            pack(
                kind | mark | (_DOUBTFUL if number in doubtful else 0),
                domain_id,
                tracking_id,
                recipient,
                number,
            )
            + key
            + body
            for (number, _), (kind, body) in zip(links, shortened, strict=True)
        ]

    def pixel(self) -> str:
        """Return the pixel's URL."""
        sealed = _PIXEL_FORMAT.pack(_PIXEL, self._domain_id, self._tracking_id, self._recipient_key)
        return self._start + self._seal_pixels([sealed])[0]

    def unsubscribe(self) -> str:
        """Return the URL of the recipient's own page. A recipient must be sealed."""
        assert self._recipient_index is not None, "nobody in particular can unsubscribe"
        token = seal_page(
            self._ring,
            domain_id=self._domain_id,
            tracking_id=self._tracking_id,
            recipient_index=self._recipient_index,
            recipient_key=self._recipient_key,
            sender_domain=self._sender_domain,
        )
        return page_url(self._start.rstrip("/"), token)


def open_token(ring: Keyring, token: str) -> PixelToken | LinkToken | None:
    """Return what the token says, or None when it is not ours: never raises, whatever the text."""
    size = len(token)
    if not PIXEL_CHARS - 4 <= size <= MAX_TOKEN_CHARS:
        return None
    spare = size & 3
    if spare and token[-1] not in _LAST[spare]:
        return None
    try:
        standard = token.encode("ascii").translate(_TO_STANDARD) + _PADDING[spare]
        raw = binascii.a2b_base64(standard, strict_mode=True)
    except ValueError:  # UnicodeEncodeError and binascii.Error are
        return None
    if size == PIXEL_CHARS:
        return _open_pixel(ring, raw) or _open_link(ring, raw)
    return _open_link(ring, raw)


def _shortened(url: str) -> tuple[int, bytes]:
    """Return the kind and the body of a link's token. Raises `UnsealableUrlError`."""
    try:
        plain = url.encode("ascii")
    except UnicodeEncodeError:
        raise UnsealableUrlError("the URL to seal is not ASCII") from None
    size = len(plain)
    if not 0 < size <= MAX_URL_BYTES:
        raise UnsealableUrlError(f"the URL to seal has {size} bytes, allowed are 1 to {MAX_URL_BYTES}")
    if size >= _DEFLATE_FROM:
        deflate = _DEFLATE.copy()
        packed = deflate.compress(plain) + deflate.flush()
        if len(packed) < size:
            return _LINK_DEFLATED, packed
    for length in _SIZES:
        # A URL that is nothing else stays whole, so that no body is empty.
        kind = _KINDS.get(plain[:length])
        if kind is not None and size > length:
            return kind, plain[length:]
    return _LINK_PLAIN, plain


def _sealing(ring: Keyring, purpose: Purpose) -> Callable[[list[bytes]], list[str]]:
    """Return what seals with the active key: 1.4 µs a token, of which the cipher takes 1.1.

    All become text at once: filled up to whole groups of base64, which does not change what comes before.
    """
    head, cipher = ring.sealer(purpose)
    encrypt, associated = cipher.encrypt, [head]

    def seal(plains: list[bytes]) -> list[str]:
        raws = [head + encrypt(plain, associated) for plain in plains]
        together = b"".join([raw + _FILLING[len(raw) % 3] for raw in raws])
        standard = binascii.b2a_base64(together, newline=False)
        text = standard.replace(b"+", b"-").replace(b"/", b"_").decode("ascii")
        tokens: list[str] = []
        position = 0
        for size in map(len, raws):
            tokens.append(text[position : position + (4 * size + 2) // 3])
            position += (size + 2) // 3 * 4
        return tokens

    return seal


def _unseal(ciphers: Mapping[int, Opener], raw: bytes) -> bytes | None:
    try:
        return ciphers[raw[0]].decrypt(raw[1:], [raw[:1]])
    except (KeyError, InvalidTag, ValueError):
        return None


def _open_pixel(ring: Keyring, raw: bytes) -> PixelToken | None:
    plain = _unseal(ring.pixels, raw)
    if plain is None or len(plain) != _PIXEL_FORMAT.size or plain[0] != _PIXEL:
        return None
    _, domain_id, tracking_id, recipient_key = _PIXEL_FORMAT.unpack(plain)
    return PixelToken(raw[0], domain_id, tracking_id, recipient_key)


def _open_link(ring: Keyring, raw: bytes) -> LinkToken | None:
    plain = _unseal(ring.links, raw)
    if plain is None or len(plain) <= _LINK_BYTES:
        return None
    kind, domain_id, tracking_id, recipient, number = _unpack_link(plain)
    index = None if recipient == NO_RECIPIENT else recipient
    if kind < _DOUBTFUL:
        url = _read_url(kind, plain[_LINK_BYTES:])
        return None if url is None else LinkToken(raw[0], domain_id, tracking_id, index, number, url)
    protected = kind >= _PROTECTED
    size = _LINK_BYTES + _KEY_BYTES if protected else _LINK_BYTES
    key = plain[_LINK_BYTES:size] or ANONYMOUS
    url = _read_url(kind & ~_MARKS, plain[size:])
    if url is None or len(key) != _KEY_BYTES:
        return None
    return LinkToken(
        raw[0], domain_id, tracking_id, index, number, url, protected, key, bool(kind & _DOUBTFUL)
    )


def _read_url(kind: int, body: bytes) -> str | None:
    # The body is authenticated, so these guards only fire for tokens of a later version of ours.
    if kind == _LINK_DEFLATED:
        try:
            inflate = zlib.decompressobj(_WINDOW_BITS, zdict=URL_DICTIONARY)
            body = inflate.decompress(body, MAX_URL_BYTES + 1)
        except zlib.error:
            return None
    elif kind in _BEGINNINGS:
        body = _BEGINNINGS[kind] + body
    elif kind != _LINK_PLAIN:
        return None
    if len(body) > MAX_URL_BYTES or not body.isascii():
        return None
    return body.decode("ascii")
