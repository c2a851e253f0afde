"""tokens: sealed tokens and the key ring that opens them."""

from backstamp.tokens.keyring import Key, Keyring, KeyringError, Purpose
from backstamp.tokens.return_paths import ReturnPath, open_return_path, seal_return_path
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
    "ReturnPath",
    "UnsealableUrlError",
    "open_return_path",
    "open_token",
    "seal_link",
    "seal_pixel",
    "seal_return_path",
]
