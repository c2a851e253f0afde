"""What the User-Agent of a hit names: a mail proxy, a preview robot, a program, a browser.

Plain string comparison over the first 512 characters, no patterns, so a hostile value costs nothing.
"""

import datetime
from bisect import bisect_right
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

import msgspec

from backstamp.data_files import load
from backstamp.verdicts.robots import (
    OLD_BROWSERS,
    has_a_robots_name,
    names_a_preview,
    names_a_robot,
    names_an_image_proxy,
)

USER_AGENT_LIMIT: Final = 512
"""Characters of a User-Agent that are looked at; real ones are shorter."""


class ClientKind(StrEnum):
    """What sort of program sent the hit, by its own word."""

    PREVIEW_BOT = "preview_bot"
    BARE_MOZILLA = "bare_mozilla"
    GMAIL_PREFETCH = "gmail_prefetch"
    GOOGLE_IMAGE_PROXY = "google_image_proxy"
    MAIL_PROXY = "mail_proxy"
    UNCLEAR_PROXY = "unclear_proxy"
    OFFICE_PROBE = "office_probe"
    SYSTEM_SERVICE = "system_service"
    PREFETCH_SERVICE = "prefetch_service"
    SCANNER = "scanner"
    TOOL = "tool"
    CRAWLER = "crawler"
    MAIL_CLIENT = "mail_client"
    APP_LIBRARY = "app_library"
    APPLE_MAIL_MAC = "apple_mail_mac"
    APPLE_MAIL_IOS = "apple_mail_ios"
    WEB_VIEW = "web_view"
    BROWSER = "browser"
    NONE = "none"
    OTHER = "other"


class Client(msgspec.Struct, frozen=True):
    """A User-Agent, understood.

    `released_day` is the day (since 1970-01-01) on which the named version of Chrome or Internet Explorer
    came out, where a computer's browser names one and it is not the newest; `system` is windows, mac, ios,
    android, linux or "".
    """

    kind: ClientKind
    name: str
    system: str = ""
    released_day: int | None = None


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `data/clients.toml`, where each field is explained."""

    kind: ClientKind
    name: str
    match: Literal["is", "starts", "ends", "has"]
    texts: tuple[str, ...]
    source: str
    date: datetime.date

    def fits(self, user_agent: str) -> bool:
        """Whether the entry describes this User-Agent (given in lower case)."""
        match self.match:
            case "is":
                return user_agent in self.texts
            case "starts":
                return user_agent.startswith(self.texts)
            case "ends":
                return user_agent.endswith(self.texts)
            case "has":
                return any(text in user_agent for text in self.texts)


class _ClientFile(msgspec.Struct, forbid_unknown_fields=True):
    client: tuple[Signature, ...]


class _BrowserFile(msgspec.Struct, forbid_unknown_fields=True):
    source: str
    date: datetime.date
    chrome: dict[str, datetime.date]
    msie: dict[str, datetime.date]


SIGNATURES: Final = tuple(
    msgspec.structs.replace(entry, texts=tuple(text.lower() for text in entry.texts))
    for entry in load("backstamp.verdicts", "clients.toml", _ClientFile).client
)
"""The packaged signatures in the order in which they are tried, texts in lower case."""

_OF_READERS: Final = frozenset({ClientKind.MAIL_CLIENT, ClientKind.APP_LIBRARY})
"""Programs whose names robots have beside their own."""

_EPOCH: Final = datetime.date(1970, 1, 1)
_BROWSERS: Final = load("backstamp.verdicts", "browsers.toml", _BrowserFile)
_CHROME: Final = sorted((int(version), (day - _EPOCH).days) for version, day in _BROWSERS.chrome.items())
_MSIE: Final = {version: (day - _EPOCH).days for version, day in _BROWSERS.msie.items()}

_SYSTEMS: Final = (
    ("windows", "windows"),
    ("iphone", "ios"),
    ("ipad", "ios"),
    ("android", "android"),
    ("mac os x", "mac"),
    ("macintosh", "mac"),
    ("linux", "linux"),
)
_ENGINES: Final = ("applewebkit/", "gecko/", "trident/", "presto/", *OLD_BROWSERS)
_BROWSER_STARTS: Final = ("mozilla/", "opera/")
_ENGINES_BEHIND: Final = ("android", " electron/", " qtwebengine/")
_NEWEST_TRIDENTS: Final = ("trident/7.0", "trident/8.0")
"""Internet Explorer 11 and Outlook say an older version where a page wants one."""


@lru_cache(maxsize=4096)
def client_of(user_agent: str) -> Client:
    """Say what a User-Agent names; an empty one gives `ClientKind.NONE`."""
    text = user_agent[:USER_AGENT_LIMIT].strip().lower()
    if not text:
        return Client(ClientKind.NONE, "no user agent")
    for entry in SIGNATURES:
        if entry.fits(text):
            if entry.kind in _OF_READERS and has_a_robots_name(text):
                break
            if entry.kind is ClientKind.MAIL_CLIENT and names_an_image_proxy(text):
                return Client(ClientKind.UNCLEAR_PROXY, f"the image proxy of {entry.name}", _system(text))
            return Client(entry.kind, entry.name, _system(text))
    if names_a_preview(text):
        return Client(ClientKind.PREVIEW_BOT, "a link preview", _system(text))
    if names_a_robot(text):
        if names_an_image_proxy(text):
            # Its page tells whose it is, and not whether a reader made it come.
            return Client(ClientKind.UNCLEAR_PROXY, "an image proxy", _system(text))
        return Client(ClientKind.CRAWLER, "a self-declared robot", _system(text))
    if text.startswith(_BROWSER_STARTS):
        return _browser(text)
    return Client(ClientKind.OTHER, "an unknown program", _system(text))


def _system(text: str) -> str:
    return next((system for word, system in _SYSTEMS if word in text), "")


def _browser(text: str) -> Client:
    """Tell Apple's mail programs and web views from browsers: they lack the browser's own name."""
    system = _system(text)
    if "applewebkit/" in text and text.endswith("(khtml, like gecko)") and system == "mac":
        return Client(ClientKind.APPLE_MAIL_MAC, "Mac Mail or Outlook", system)
    if "applewebkit/" in text and system == "ios" and text.rpartition(" ")[2].startswith("mobile/"):
        return Client(ClientKind.APPLE_MAIL_IOS, "Mail on an iPhone or iPad", system)
    if "; wv)" in text:
        return Client(ClientKind.WEB_VIEW, "the web view of an Android app", system)
    if any(engine in text for engine in _ENGINES):
        return Client(ClientKind.BROWSER, "a browser", system, _release(text))
    return Client(ClientKind.OTHER, "an unknown program", system)


def _release(text: str) -> int | None:
    """Return the day on which the named browser came out, if it is not the newest.

    The scanners that name old browsers (Defender, Trend Micro) name those of computers.  On a phone, and in a
    program built around Chrome's engine, an old engine is what many people have.
    """
    if any(word in text for word in _ENGINES_BEHIND):
        return None
    if "msie " in text and not any(newest in text for newest in _NEWEST_TRIDENTS):
        return _MSIE.get(text.partition("msie ")[2].partition(".")[0])
    return _chrome_release(text)


def _chrome_release(text: str) -> int | None:
    """Return the day on which the version of Chrome in a User-Agent came out, if it is not the newest."""
    digits = text.partition(" chrome/")[2].partition(".")[0][:4]
    if not (digits.isascii() and digits.isdigit()):
        return None
    version = int(digits)
    after = bisect_right(_CHROME, version, key=lambda row: row[0])
    if after == len(_CHROME):
        return None
    if after == 0:
        return _CHROME[0][1]
    (low, low_day), (high, high_day) = _CHROME[after - 1], _CHROME[after]
    return low_day + (high_day - low_day) * (version - low) // (high - low)
