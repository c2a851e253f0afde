"""unwrapped_addresses: what some mail programs make links of in words, and nobody wraps: it is listed.

Gmail, Outlook and Apple Mail link host names without a scheme, by the top-level domains that they know;
Android's programs and Autolinker four numbers too. Autolinker links `https://` behind a letter, linkify-it
`//host`, linkifyjs the host behind a scheme that it does not know and behind any slash (`Fax/example.com`),
as Roundcube does with `www.`. Thunderbird and linkify-it link `ftp://`; Outlook links `file://` and
`\\\\host\\share`. Thunderbird links any scheme that a program of the computer is registered for
(mozTXTToHTMLConv, `ShouldLinkify`), as `search-ms:` is on Windows, and those that it opens itself, as
`news:`; Windows' text fields link `gopher:`.
"""

import re
from collections.abc import Iterator
from typing import Final

from backstamp.rewriting.found import FoundLink
from backstamp.rewriting.reporting.manifest import Carrier
from backstamp.rewriting.reporting.reasons import SkipReason
from backstamp.urls.domains import has_known_suffix

_MOST: Final = 200
_LONGEST_HOST: Final = 253
_BEHIND: Final = re.compile(r"(?:\.[\w-]+)+")
_NAME: Final = re.compile(r"\w[\w-]*(?:\.\w[\w-]*)+")
_USER: Final = re.compile(r"@[\w\[\"]")
"""Behind the name of a user; with nothing more behind the sign there is no mail address."""
_NUMBERS: Final = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!\Z)|\Z)){4}")
_GLUED: Final = re.compile(r"(?<=[0-9A-Za-z])https?:[/\\]{2}[^\s<>\"]+", re.IGNORECASE)
_PORT_AND_PATH: Final = re.compile(r"(?::[0-9]{1,5})?(?:[/?#][^\s<>\"]*)?")
_BEFORE_AT: Final = " \t\r\n([{<,;>"
"""An `@` behind one of these, or behind nothing, belongs to no mail address: linkifyjs links the name."""
_IN_ASCII: Final = re.compile(r"(?<![A-Za-z0-9._-])[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9][A-Za-z0-9-]*)+")
_TRAILING: Final = ".,;:!?'*)]}|"
_FILES: Final = frozenset({"cc", "md", "mov", "pl", "ps", "py", "rs", "sh", "so", "zip"})
"""Top-level domains that are mostly the endings of files: a name with nothing behind it is a file's."""
_WORDS: Final = frozenset(
    {"Am", "As", "At", "Be", "By", "Do", "In", "Is", "It", "Me", "My", "No", "So", "To"}
)
"""Top-level domains with which a sentence may begin."""
_PROGRAMS: Final = (
    *("search-ms", "ms-msdt", "ms-officecmd", "ms-appinstaller", "microsoft-edge", "mhtml"),
    *("ms-word", "ms-excel", "ms-powerpoint", "ms-visio", "ms-access", "ms-project", "ms-publisher"),
    *("ms-windows-store", "vscode", "vscode-insiders"),
)
"""Schemes that start a program, whatever stands behind; of Windows above all."""
_PLACES: Final = (
    *("webcal", "webcals", "feed", "ldap", "ldaps", "telnet", "ssh", "vnc", "rdp", "nfs", "afp", "dav"),
    *("davs", "jnlp", "jnlps", "itms-services", "intent", "onenote", "zoommtg", "msteams"),
    *("news", "snews", "nntp", "irc", "ircs", "gopher", "rtsp", "mms", "git", "svn", "cifs"),
    *("steam", "cursor"),
)
"""Schemes that do so with a host, and are words of the language else."""
_OTHER_SCHEMES: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:s?ftps?://|smb://|file:(?:////+|(?:/{0,3}\\\\|//)(?=[\w-]+\.))"
    rf"|(?:{'|'.join(_PROGRAMS)}|search(?=:query=)):|(?:{'|'.join(_PLACES)})://)[^\s<>\"]+",
    re.IGNORECASE,
)
_OTHER_SIGN: Final = re.compile(
    r":(?![\s0-9])(?<!http:)(?<!https:)"
    f"(?:{'|'.join(f'(?<={scheme}:)' for scheme in (*_PROGRAMS, 'search', *_PLACES))})"
)
NAME_SIGN: Final = re.compile(r"\.(?=[^\W\d_]{2}|[0-9]{1,3}\.[0-9]{1,3}\.[0-9])")
"""It matches in whatever may be a host name."""
_OTHER_SIGNS: Final = ("ftp://", "ftps://", "smb://", "file:", "\\\\")
_SHARE: Final = re.compile(
    r"(?<![\\/0-9A-Za-z_.-])(?<!\b[A-Za-z]:)\\\\(?:[?.]\\UNC\\)?[\w-]+(?:\.[\w-]+)+(?:@[\w@]+)?\\[^\s<>\"]*",
    re.IGNORECASE,
)


def may_hold_others(lowered: str) -> bool:
    """Whether an address that is no web address may stand in a text, which is in lower case."""
    return any(sign in lowered for sign in _OTHER_SIGNS) or _OTHER_SIGN.search(lowered) is not None


def may_hold_names(lowered: str) -> bool:
    """Whether a host name may stand in a text, which is in lower case: with a dot, or behind `xhttps://`."""
    return NAME_SIGN.search(lowered) is not None or ("http" in lowered and _GLUED.search(lowered) is not None)


def unwrapped_addresses(text: str, links: list[FoundLink], *, names: bool) -> list[FoundLink]:
    """Return the addresses of a plain text that are not among its `links`, in order; at most 200 of a kind.

    With `names` host names too: `doubt` says that they are such. A name counts where it has a public suffix,
    and a path behind it, or no ending that mostly is a file's. 6 µs in 5 KB without any.
    """
    # Of what goes on in a link of the text, programs link what stands before it.
    text = _without(text, links)
    lowered = text.lower()
    found: list[FoundLink] = []
    rest = text
    if may_hold_others(lowered):
        for pattern in (_OTHER_SCHEMES, _SHARE):
            others = list(_matches(pattern, rest))
            found += others
            rest = _without(rest, others)
    if names:
        # The pattern looks behind every character: 30 µs a KB.
        glued = list(_matches(_GLUED, text)) if "http" in lowered else []
        for link in glued:
            link.doubt = SkipReason.BARE_NAME
        found += glued
        found += _names(_without(rest, glued))
    return sorted(found, key=lambda each: each.start)


def _without(text: str, links: list[FoundLink]) -> str:
    """Return the text with blanks in the place of its links, which are in order and do not overlap."""
    pieces: list[str] = []
    position = 0
    for link in links:
        pieces += (text[position : link.start], " " * (link.end - link.start))
        position = link.end
    pieces.append(text[position:])
    return "".join(pieces)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[FoundLink]:
    for count, match in enumerate(pattern.finditer(text)):
        if count >= _MOST:
            break
        value = match[0].rstrip(_TRAILING)
        yield FoundLink(match.start(), match.start() + len(value), value, Carrier.TEXT)


def _names(text: str) -> Iterator[FoundLink]:
    count = position = 0
    for dot in NAME_SIGN.finditer(text):
        if dot.start() < position:
            continue
        start, furthest = dot.start(), max(position, dot.start() - _LONGEST_HOST)
        while start > furthest and (text[start - 1].isalnum() or text[start - 1] in "_-."):
            start -= 1
        behind = _BEHIND.match(text, dot.start())
        assert behind is not None, "a dot with a letter matches"
        position = end = behind.end()
        if _USER.match(text, end) is not None:
            continue
        if _is_of_mail_address(text, start):
            continue
        # `_example.com_` is a name in italics to those who write so, and linkifyjs links `https://.example.com`.
        start += len(text[start:end]) - len(text[start:end].lstrip("._-"))
        end -= len(text[start:end]) - len(text[start:end].rstrip("_"))
        for first, last in _hosts(text, start, end):
            name = text[first:last]
            # A path is read only of what may be linked: else it is read again for each name that is none.
            if not _is_linked(name, has_path=True):
                continue
            path = _path(text, end) if last == end else ""
            if not _is_linked(name, has_path=len(path) > 1):
                continue
            position = max(position, last + len(path))
            value = f"http://{name}{path}"
            yield FoundLink(first, last + len(path), value, Carrier.TEXT, doubt=SkipReason.BARE_NAME)
            count += 1
            if count >= _MOST:
                return


def _path(text: str, end: int) -> str:
    tail = _PORT_AND_PATH.match(text, end)
    return tail[0].rstrip(_TRAILING) if tail is not None else ""


def _hosts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where in a run of letters, digits, dots and dashes names stand: the whole, or those in ASCII.

    Between letters of other scripts, as in Japanese, where no blanks part words, some programs link a name.
    """
    name = text[start:end]
    if not _NAME.fullmatch(name):
        return
    if name.isascii() or has_known_suffix(name):
        yield start, end
        return
    for match in _IN_ASCII.finditer(text, start, end):
        yield match.span()


def _is_of_mail_address(text: str, start: int) -> bool:
    """Whether a name is the host of a mail address: behind an `@` that has something before it."""
    return start > 1 and text[start - 1] == "@" and text[start - 2] not in _BEFORE_AT


def _is_linked(name: str, *, has_path: bool) -> bool:
    last = name.rpartition(".")[2]
    if not has_path and (last.lower() in _FILES or (last in _WORDS and name[0].islower())):
        # `readme.md`, and two sentences without a blank between: `done.In`.
        return False
    return has_known_suffix(name) or _NUMBERS.fullmatch(name) is not None
