"""Robots that name themselves, known by the way they do it: nobody can list them all.

Of the 1,894 examples of crawler-user-agents 1.67.0 that are in no entry of `data/clients.toml`, this tells
1,614. Of the 36,220 programs of people's devices in device-detector 6.5.1 it takes 25 for robots: browsers of
before 2005, players and televisions.
"""

import re
from typing import Final

OLD_BROWSERS: Final = ("msie", "konqueror", "netfront/", "icab ", " opera ")
"""Programs of people that say "compatible", in lower case; all others that say so are robots."""

_ROBOT_ENDS: Final = (
    *("bot", "bots", "spider", "crawler", "robots", "fetcher", "scraper"),
    *("scanner", "checker", "validator"),
)
_ROBOT_PARTS: Final = ("crawl", "webscan", "linkcheck", "sitecheck", "uptime", "lighthouse", "synthetics")
_PREVIEW_ENDS: Final = ("preview", "unfurl", "unfurler", "unfurlbot", "previewbot", "expander", "onebox")
_IMAGE_PROXY_ENDS: Final = ("imageproxy", "imgproxy", "mailproxy", "imageresizer")
_NO_ROBOTS: Final = frozenset({"cubot"})
"""Cubot makes phones."""
_PHONES_MODEL: Final = re.compile(r"; android [^;)]*;(?: ?[a-z]{2}[-_][a-z]{2};)?[^;)]*")
"""Browsers name the phone behind the version of Android: it may be an "M bot 60" or a "Spider 8"."""

_LETTERS_ONLY: Final = {code: " " for code in range(128) if not chr(code).isalpha()}
_MARKS: Final = ("http://", "https://", "khtml, like gecko;", "gecko); compatible;", "headless")
"""A robot's page, and where Google's robots put their names: a browser closes the bracket there."""
_MAIL_ADDRESS: Final = re.compile(r"@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}")
"""Of a robot's owner. Ecosia's browser puts its version behind an @."""
_OLD_TOOLBAR: Final = "bsalsa.com"
"""A component that put its page's address into Internet Explorer's name."""


def names_a_preview(text: str) -> bool:
    """Whether a User-Agent (in lower case) says that it shows a preview of a link."""
    return any(word.endswith(_PREVIEW_ENDS) for word in _words(text))


def names_an_image_proxy(text: str) -> bool:
    """Whether a User-Agent (in lower case) says that it loads images for others, as Yandex' does."""
    return "image proxy" in text or any(word.endswith(_IMAGE_PROXY_ENDS) for word in _words(text))


def names_a_robot(text: str) -> bool:
    """Whether a User-Agent (in lower case) says that it is a robot."""
    if any(mark in text for mark in _MARKS) or ("@" in text and _MAIL_ADDRESS.search(text)):
        return _OLD_TOOLBAR not in text
    if "(compatible;" in text and not any(browser in text for browser in OLD_BROWSERS):
        return True
    return has_a_robots_name(text)


def has_a_robots_name(text: str) -> bool:
    """Whether a User-Agent (in lower case) has a robot's name, as "indeedbot" is, or its page as +URL."""
    return "+http" in text or any(
        word not in _NO_ROBOTS and (word.endswith(_ROBOT_ENDS) or any(part in word for part in _ROBOT_PARTS))
        for word in _words(_PHONES_MODEL.sub("", text, count=1))
    )


def _words(text: str) -> list[str]:
    return text.translate(_LETTERS_ONLY).split()
