"""Key ring: the secrets behind tokens, old ones kept so that old links stay alive.

The text form is JSON, so that an operator can read which keys there are:

    {"version": 1, "active": 2, "address_secret": "...",
     "keys": [{"id": 1, "created_at": 1763683200, "secret": "..."}, ...]}

Reading and writing the file is the caller's business (`app.keyfile`).
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import cached_property
from itertools import count
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backstamp.tokens.address_spelling import one_spelling

FORMAT_VERSION: Final = 1
SECRET_BYTES: Final = 32
NUMBERS: Final = 255
"""A token names its key by one byte, of which 0 is never given. The 256th key has the number of the first
again, and both are tried."""


class Purpose(StrEnum):
    """What a subkey is for; a token sealed for one purpose opens for no other."""

    PIXEL = "pixel"
    LINK = "link"
    RETURN_PATH = "return-path"
    PAGE = "page"


class KeyringError(ValueError):
    """The key ring's text is not a key ring; the message says where and what to do."""


class Key(msgspec.Struct, frozen=True):
    """One master secret. `created_at` is in seconds since 1970 UTC."""

    id: int
    created_at: int
    secret: bytes


class _KeyText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: int
    created_at: int
    secret: str


class _RingText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    active: int
    address_secret: str
    keys: tuple[_KeyText, ...]


class Opener(Protocol):
    """What opens what was sealed."""

    def decrypt(self, data: bytes, associated_data: list[bytes] | None, /) -> bytes:
        """Return what was sealed. Raises InvalidTag, or ValueError where it is too short to be anything."""


class _AnyOf:
    """Opens with whichever key of those that share a number fits, the newest first."""

    def __init__(self, ciphers: Sequence[AESSIV]) -> None:
        self._ciphers = ciphers

    def decrypt(self, data: bytes, associated_data: list[bytes] | None, /) -> bytes:
        for cipher in self._ciphers:
            with suppress(InvalidTag):
                return cipher.decrypt(data, associated_data)
        raise InvalidTag


class _Ciphers(dict[int, Opener]):
    """The AES-SIV ciphers (RFC 5297, 256-bit halves) of one purpose by number, made when first used.

    Without its key a look-up raises KeyError.
    """

    def __init__(self, purpose: Purpose, secrets: Mapping[int, Sequence[bytes]]) -> None:
        super().__init__()
        self._info = b"backstamp/v1/" + purpose.encode()
        self._secrets = secrets

    def __missing__(self, number: int) -> Opener:
        ciphers = [self.of(secret) for secret in self._secrets[number]]
        opener = self[number] = ciphers[0] if len(ciphers) == 1 else _AnyOf(ciphers)
        return opener

    def of(self, secret: bytes) -> AESSIV:
        """Return the cipher of a key of this purpose."""
        return AESSIV(HKDF(SHA256(), 64, salt=None, info=self._info).derive(secret))


class Keyring:
    """All keys of one installation: the active one seals, every one opens.

    `address_secret` makes recipient keys; it is not rotated, or a recipient's consent and
    records would no longer be found under the same key. `pixels` and `links` open what was sealed for the two
    purposes, by the number in the token.
    """

    def __init__(self, keys: tuple[Key, ...], active_id: int, address_secret: bytes) -> None:
        """Check the ring and keep it. Raises `KeyringError`."""
        if not keys:
            raise KeyringError("key ring holds no key; restore it from your backup")
        ids = [key.id for key in keys]
        if len(set(ids)) != len(ids):
            raise KeyringError("key ring holds the same key id twice; restore it from your backup")
        if min(ids) < 1:
            raise KeyringError("key ring: key ids begin with 1")
        if active_id not in ids:
            raise KeyringError(
                f"key ring: the active key {active_id} is not in it; restore it from your backup"
            )
        if any(len(secret) != SECRET_BYTES for secret in (address_secret, *(key.secret for key in keys))):
            raise KeyringError(
                f"key ring: a secret is not {SECRET_BYTES} bytes long; restore it from your backup"
            )
        self.keys = keys
        self.active_id = active_id
        self._address_secret = address_secret
        secrets: defaultdict[int, list[bytes]] = defaultdict(list)
        for key in sorted(keys, key=lambda each: each.id, reverse=True):
            secrets[_number(key.id)].append(key.secret)
        self._ciphers = {purpose: _Ciphers(purpose, dict(secrets)) for purpose in Purpose}
        self._sealers: dict[Purpose, AESSIV] = {}
        self.pixels: Mapping[int, Opener] = self._ciphers[Purpose.PIXEL]
        self.links: Mapping[int, Opener] = self._ciphers[Purpose.LINK]

    def __repr__(self) -> str:
        return f"Keyring(ids={[key.id for key in self.keys]}, active={self.active_id})"

    @classmethod
    def create(cls, secret: bytes, address_secret: bytes, created_at: int) -> "Keyring":
        """Return a ring of one key made of `secret` (32 random bytes)."""
        return cls((Key(1, created_at, secret),), 1, address_secret)

    def rotated(self, secret: bytes, created_at: int) -> "Keyring":
        """Return a ring with one more key, which is the active one; all others still open tokens."""
        taken = {key.id for key in self.keys}
        free = next(key_id for key_id in count(1) if key_id not in taken)
        return Keyring((*self.keys, Key(free, created_at, secret)), free, self._address_secret)

    def sealing_with(self, key_id: int) -> "Keyring":
        """Return a ring of the same keys, of which another one is active. Raises `KeyringError`."""
        return Keyring(self.keys, key_id, self._address_secret)

    def sealer(self, purpose: Purpose) -> tuple[bytes, AESSIV]:
        """Return the number of the active key, which a token begins with, and its cipher for one purpose."""
        cipher = self._sealers.get(purpose)
        if cipher is None:
            secret = next(key.secret for key in self.keys if key.id == self.active_id)
            cipher = self._sealers[purpose] = self._ciphers[purpose].of(secret)
        return bytes((_number(self.active_id),)), cipher

    def opener(self, purpose: Purpose, number: int) -> Opener | None:
        """Return what opens tokens of one purpose that begin with a number; None where no key has it."""
        try:
            return self._ciphers[purpose][number]
        except KeyError:
            return None

    def derive(self, name: str) -> bytes:
        """Return 32 secret bytes for another use of this installation, the same over all rotations."""
        info = b"backstamp/v1/" + name.encode()
        return HKDF(SHA256(), 32, salt=None, info=info).derive(self._address_secret)

    @cached_property
    def _address_key(self) -> bytes:
        return self.derive("recipient")

    def recipient_key(self, address: str) -> bytes:
        """Return the 8-byte pseudonym of a mail address: of any spelling of it."""
        # The octet before it stays: pseudonyms are in records and in pixels of delivered mail.
        text = f"\0{one_spelling(address)}".encode("utf-8", "surrogateescape")
        return hashlib.blake2b(text, digest_size=8, key=self._address_key).digest()

    def to_json(self) -> str:
        """Return the ring as the text of its file. It holds the secrets: mode 0600 only."""
        text = _RingText(
            version=FORMAT_VERSION,
            active=self.active_id,
            address_secret=b64encode(self._address_secret).decode(),
            keys=tuple(_KeyText(k.id, k.created_at, b64encode(k.secret).decode()) for k in self.keys),
        )
        return msgspec.json.format(msgspec.json.encode(text), indent=2).decode() + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> "Keyring":
        """Return the ring that `to_json` wrote. Raises `KeyringError`."""
        try:
            ring = msgspec.json.decode(text, type=_RingText)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise KeyringError(f"key ring is not readable ({error}); restore it from your backup") from None
        if ring.version != FORMAT_VERSION:
            raise KeyringError(
                f"key ring has format {ring.version}, this program reads {FORMAT_VERSION}; upgrade it"
            )
        return cls(
            tuple(Key(k.id, k.created_at, _secret(k.secret)) for k in ring.keys),
            ring.active,
            _secret(ring.address_secret),
        )


def _number(key_id: int) -> int:
    return (key_id - 1) % NUMBERS + 1


def _secret(text: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text):
        raise KeyringError("key ring: a secret is not base64; restore it from your backup")
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise KeyringError("key ring: a secret is not base64; restore it from your backup") from None
