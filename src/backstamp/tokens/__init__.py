"""tokens: sealed tokens and the key ring that opens them."""

from backstamp.tokens.keyring import Key, Keyring, KeyringError, Purpose
from backstamp.tokens.sealing import (
    ANONYMOUS,
    MAX_URL_BYTES,
    CopySealer,
    LinkToken,
    PixelToken,
    UnsealableUrlError,
    open_token,
    seal_link,
    seal_pixel,
)

__all__ = [
    "ANONYMOUS",
    "MAX_URL_BYTES",
    "CopySealer",
    "Key",
    "Keyring",
    "KeyringError",
    "LinkToken",
    "PixelToken",
    "Purpose",
    "UnsealableUrlError",
    "open_token",
    "seal_link",
    "seal_pixel",
]
