"""Chromium as an oracle: a document's links, with scripting off and on, and where a click would go."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page

from tests.e2e.browser import person
from tests.rewriting.oracles.reports import Reading, Reported
from tests.rewriting.sealers import BASE

PIXEL_PREFIX = f"{BASE}/P"
_HIDING = frozenset({"noscript", "template", "table", "a", "button", "select", "svg", "math", "object"})
_HERE = Path(__file__).parent
_READER = (_HERE / "reader.js").read_text()
_LAYOUT = (_HERE / "layout.js").read_text()
WEBMAIL = "https://webmail.invalid/"
_LINKS = """(html) => {
  const shown = new DOMParser().parseFromString(html, "text/html");
  return Array.from(shown.links, (link) => link.href);
}"""
_RESOLVER = """(pairs) => pairs.map(([value, base]) => {
  const webmail = "https://webmail.invalid/";
  const against = (text, around) => { try { return new URL(text, around) } catch { return null } };
  const isWeb = (url) => url && /^https?:$/.test(url.protocol) && !url.hostname.includes("%20");
  const own = against(base, "about:blank");
  const url = against(value, own && !["data:", "javascript:"].includes(own.protocol) ? own : "about:blank");
  if (isWeb(url)) return url.href;
  const around = against(base, webmail);
  const there = against(value, isWeb(around) ? around : webmail);
  return there && there.origin !== new URL(webmail).origin ? there.href : url ? url.href : "";
})"""
"""What names a host and no scheme leads somewhere in a program that is a web page itself."""
_EMPTY = (
    "<!doctype html><meta http-equiv=Content-Security-Policy "
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"><body>"
)
_BATCH_CHARACTERS = 4_000_000


class PixelSeen(NamedTuple):
    """The pixel laid out: how many there are; of the first its size, its ancestors and what is behind it."""

    pixels: int
    width: float = 0
    height: float = 0
    visible: bool = False
    ancestors: Sequence[str] = ()
    behind: str = ""

    @property
    def is_as_it_should_be(self) -> bool:
        """Whether it is one, of one by one, visible in the body, with nothing behind it."""
        return (
            (self.pixels, self.width, self.height, self.visible, self.behind) == (1, 1, 1, True, "")
            and "body" in self.ancestors
            and not _HIDING.intersection(self.ancestors)
        )


class Chromium:
    """One page that reads many documents in one call. Nothing runs in it and nothing is fetched."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.set_content(_EMPTY)

    def read(self, documents: Sequence[tuple[str, bool]]) -> Iterator[Reading]:
        """Yield what each (document, scripting) holds."""
        for batch in _batches(documents):
            for links, shape, pixels in self._page.evaluate(_READER, [PIXEL_PREFIX, batch]):
                yield Reading([Reported(*link) for link in links], shape, pixels)

    def resolve(self, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """Return what each (value, base) would request; an empty string where it is no URL."""
        resolved: list[str] = self._page.evaluate(_RESOLVER, [list(pair) for pair in pairs]) if pairs else []
        return resolved

    def links_in_webmail(self, documents: Sequence[str]) -> list[list[str]]:
        """Return where the links of each document lead within a page at `WEBMAIL`."""
        page = self._page.context.new_page()
        page.route("**/*", lambda route: route.fulfill(body=_EMPTY, content_type="text/html"))
        page.goto(WEBMAIL)
        found = [page.evaluate(_LINKS, document) for document in documents]
        page.close()
        return found

    def lay_out(self, documents: Sequence[str], width: int) -> list[PixelSeen]:
        """Return where the pixel stands in each document, in a window of `width` CSS pixels."""
        return [
            PixelSeen(**seen) for seen in self._page.evaluate(_LAYOUT, [PIXEL_PREFIX, list(documents), width])
        ]


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Give a Chromium that reaches no network."""
    with person() as context:
        context.route("**/*", lambda route: route.abort())
        yield Chromium(context.new_page())


def _batches(documents: Sequence[tuple[str, bool]]) -> Iterator[list[list[str | bool]]]:
    batch: list[list[str | bool]] = []
    size = 0
    for text, scripting in documents:
        batch.append([text, scripting])
        size += len(text) + 200
        if size > _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
