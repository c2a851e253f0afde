"""The panel: all that read HTML, asked for many documents at once, with a memory of what they said."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from tests.rewriting.oracles.chromium import Chromium
from tests.rewriting.oracles.lexbor import links_by_lexbor
from tests.rewriting.oracles.outlook import has_conditions, outlook_views
from tests.rewriting.oracles.reports import Reading, Reported

_DEPENDS_ON_SCRIPTS = re.compile("<noscript|shadowrootmode", re.IGNORECASE)
READERS = ("Chromium", "Chromium with scripts", "lexbor")


class Panel:
    """Chromium with scripting off and on, and lexbor; each also with Outlook's views of a document."""

    def __init__(self, browser: Chromium) -> None:
        self.browser = browser
        self._known: dict[str, tuple[Reading, ...]] = {}
        self._resolved: dict[str, str] = {}

    def learn(self, texts: Iterable[str], *, thorough: bool = True) -> None:
        """Have these documents and their Outlook views read, in few calls.

        Reading with scripts takes ten times as long as without. Not `thorough`, only those documents are
        read so for which it makes a difference: with <noscript> or shadow roots.
        """
        wanted = {view for text in texts for _, view in views(text)} - self._known.keys()
        documents = sorted(wanted)
        scripted = [text for text in documents if thorough or _DEPENDS_ON_SCRIPTS.search(text)]
        readings = self.browser.read(
            [*((text, False) for text in documents), *((text, True) for text in scripted)]
        )
        plain = dict(zip(documents, readings, strict=False))
        with_scripts = plain | dict(zip(scripted, readings, strict=True))
        by_lexbor = self._ask_lexbor(documents)
        for text, other in zip(documents, by_lexbor, strict=True):
            self._known[text] = (plain[text], with_scripts[text], other)

    def readings(self, view: str) -> tuple[Reading, ...]:
        """Return what each of `READERS` said of a view that was learnt."""
        return self._known[view]

    def resolve(self, urls: Sequence[str]) -> list[str]:
        """Return what each address would request by itself; an empty string where it is no URL."""
        unknown = [url for url in dict.fromkeys(urls) if url not in self._resolved]
        self._resolved |= zip(unknown, self.browser.resolve([(url, "") for url in unknown]), strict=True)
        return [self._resolved[url] for url in urls]

    def forget(self) -> None:
        """Let go of what was read."""
        self._known.clear()

    def _ask_lexbor(self, documents: list[str]) -> list[Reading]:
        found = [links_by_lexbor(text) for text in documents]
        urls = iter(self.browser.resolve([(link.value, link.base) for links in found for link in links]))
        return [
            Reading(
                [
                    Reported(link.kind, link.value, url, within=link.within)
                    for link, url in ((link, next(urls)) for link in links)
                    if link.kind != "meta_refresh" or url.startswith(("http:", "https:"))
                ]
            )
            for links in found
        ]


def views(text: str) -> tuple[tuple[str, str], ...]:
    """Return (name, markup) for the document itself and, where it has conditions, as Outlook shows it."""
    return _views(normalised(text))


@lru_cache(maxsize=2000)
def _views(text: str) -> tuple[tuple[str, str], ...]:
    return (("", text), *outlook_views(text)) if has_conditions(text) else (("", text),)


def normalised(text: str) -> str:
    """Return the text as a parser's input stream has it: line ends are LF; no lone surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
