"""What a reader sees of an HTML body: pictures of the whole page, taken without scripts or network."""

import base64
import email
import email.message
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, CDPSession, Error, Page, Route, sync_playwright

from tests.daemons import require
from tests.e2e.browser import FLAGS

WIDTHS = (800, 375)
"""CSS pixels of a window on a desk and of one in a hand."""
HEIGHT = 400
"""Lower than any template, so that the picture is as high as the content: a line more at the end shows."""
GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_ADDRESS = "http://mail.invalid/"
_MORE_TRIES = 3
_PATIENCE_MS = 120_000
"""For a page without network, on a machine that does much else."""

Pictures = tuple[bytes, ...]
"""A page as PNG, once for each width. What renders the same gives the same bytes."""


class Screen:
    """A window. The pixel's URL is answered with a transparent image, or refused.

    `asked_for_pixel` counts the requests for it; every other request but the page's own fails.
    """

    def __init__(self, browser: Browser, scheme: str, pixel_url: str) -> None:
        context = browser.new_context(
            java_script_enabled=False, color_scheme="dark" if scheme == "dark" else "light"
        )
        context.route("**/*", self._answer)
        context.set_default_timeout(_PATIENCE_MS)
        self._page: Page = context.new_page()
        self._session: CDPSession = context.new_cdp_session(self._page)
        self._pixel_url = pixel_url
        self._html = b""
        self._images = True
        self._kept: dict[bytes, Pictures] = {}
        self.asked_for_pixel = 0

    def kept_pictures(self, html: bytes) -> Pictures:
        """Return the pictures of a page that other tests will ask for again."""
        if html not in self._kept:
            self._kept[html] = self.pictures(html)
        return self._kept[html]

    def pictures(self, html: bytes, *, images: bool = True) -> Pictures:
        """Return the whole page; without `images` the pixel is refused, as mail programs do at first.

        The page is loaded once and made narrower, which takes half the time of loading it twice.
        """
        self._html = html
        self._images = images
        self._resize(WIDTHS[0])
        self._page.goto(_ADDRESS)
        pictures = [self._picture()]
        for width in WIDTHS[1:]:
            self._resize(width)
            pictures.append(self._picture())
        return tuple(pictures)

    def alike(self, one: bytes, other: bytes, *, images: bool = True) -> tuple[Pictures, Pictures]:
        """Return the pictures of two pages, the second without images where `images` says so.

        Where they differ both are taken again: on a loaded machine a picture may be taken before all is
        painted, but never does such a picture look like that of a page that is another one.
        """
        before, after = self.kept_pictures(one), self.pictures(other, images=images)
        for _ in range(_MORE_TRIES):
            if before == after:
                break
            self._kept.pop(one, None)
            before, after = self.kept_pictures(one), self.pictures(other, images=images)
        return before, after

    def _resize(self, width: int) -> None:
        self._page.set_viewport_size({"width": width, "height": HEIGHT})

    def _picture(self) -> bytes:
        # Twice as fast as Playwright's own `screenshot(full_page=True)`, which resizes the window.
        size = self._session.send("Page.getLayoutMetrics")["cssContentSize"]
        wanted = {
            "format": "png",
            "optimizeForSpeed": True,
            "captureBeyondViewport": True,
            "clip": {**size, "scale": 1},
        }
        for tries_left in reversed(range(_MORE_TRIES + 1)):
            try:
                return base64.b64decode(self._session.send("Page.captureScreenshot", wanted)["data"])
            except Error:
                # "Unable to capture screenshot": on a loaded machine Chromium may give one up.
                if not tries_left:
                    raise
        raise AssertionError("one of the tries returned or raised")

    def _answer(self, route: Route) -> None:
        url = route.request.url
        if url == _ADDRESS:
            route.fulfill(body=self._html, content_type="text/html; charset=utf-8")
        elif url == self._pixel_url:
            self.asked_for_pixel += 1
            if self._images:
                route.fulfill(body=GIF, content_type="image/gif")
            else:
                route.abort()
        else:
            route.abort()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(require("chromium")), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def html_body(raw: bytes) -> bytes:
    """Return the decoded body of a message of one part, as Python's own parser reads it."""
    payload = email.message_from_bytes(raw, policy=email.policy.compat32).get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload
