"""Headless Chromium, as a person's browser looks to a server."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.daemons import require

PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
"""Headless Chromium calls itself that, and is judged a machine: rightly so."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


PATIENCE_MILLISECONDS = 60_000
"""Longest wait for what must come, on a machine that has much else to do."""
expect.set_options(timeout=PATIENCE_MILLISECONDS)


@contextmanager
def launched() -> Iterator[Browser]:
    """Give a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(require("chromium")), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def session(browser: Browser, width: int = 1280, scheme: str = "light") -> Iterator[BrowserContext]:
    """Give a new session of a browser, with a person's user agent."""
    context = browser.new_context(
        user_agent=PERSON,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def person(width: int = 1280, scheme: str = "light") -> Iterator[BrowserContext]:
    """Give a new session of a new browser, with a person's user agent."""
    with launched() as browser, session(browser, width, scheme) as context:
        yield context
