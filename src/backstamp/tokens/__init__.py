"""tokens: sealed tokens and the key ring that opens them."""

from backstamp.tokens.keyring import Key, Keyring, KeyringError, Purpose
from backstamp.tokens.pages import PAGE_PATH, PageToken, open_page, page_url, seal_page
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
from backstamp.tokens.tracking_ids import TrackingIds

__all__ = [
    "ANONYMOUS",
    "MAX_URL_BYTES",
    "PAGE_PATH",
    "CopySealer",
    "Key",
    "Keyring",
    "KeyringError",
    "LinkToken",
    "PageToken",
    "PixelToken",
    "Purpose",
    "ReturnPath",
    "TrackingIds",
    "UnsealableUrlError",
    "open_page",
    "open_return_path",
    "open_token",
    "page_url",
    "seal_link",
    "seal_page",
    "seal_pixel",
    "seal_return_path",
]
