"""A page for readers: one frame and one style for all. No script, nothing from elsewhere."""

import base64
import hashlib
from html import escape
from typing import Final

from backstamp.edge.replies.prepared import Page
from backstamp.edge.replies.protocol import Header

BASE_STYLE: Final = (
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--ground:#f4f5f7;--paper:#fff;"
    "--line:#d5d9de;--accent:#0b57d0;--on-accent:#fff}"
    "@media screen and (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a8b0b9;--ground:#101317;"
    "--paper:#1a1e23;--line:#3b424a;--accent:#a8c7fa;--on-accent:#062e6f}}"
    "@media print{:root{color-scheme:light}}"
    "*{box-sizing:border-box}"
    "body{margin:0;padding:clamp(1rem,5vw,3.5rem) 1rem;background:var(--ground);color:var(--ink);"
    "font:1rem/1.55 system-ui,-apple-system,sans-serif}"
    "main{max-width:42rem;margin:0 auto}"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 .75rem;overflow-wrap:anywhere;text-wrap:balance}"
    "h2{font-size:1.15rem;line-height:1.3;margin:2rem 0 .5rem}"
    "p,li,dd{overflow-wrap:anywhere}"
    ":lang(ko){word-break:keep-all}"
    "a{color:var(--accent)}"
    "button{font:inherit;font-weight:600;padding:.6rem 1.1rem;min-height:2.75rem;max-width:100%;"
    "cursor:pointer;color:var(--accent);background:var(--paper);border:1px solid;"
    "border-radius:.5rem}"
    "button:hover{color:var(--on-accent);background:var(--accent);border-color:var(--accent)}"
    ":focus-visible{outline:3px solid var(--accent);outline-offset:3px}"
    ".said{border-inline-start:.3rem solid var(--accent);padding:.3rem 1rem;font-weight:600}"
    "@media(forced-colors:active){button{border-color:ButtonText}}"
)
_FRAME: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
{head}<title>{title}</title>
<style>{style}</style>
</head>
<body>
{content}
</body>
</html>
"""


class Style:
    """The style of a kind of page, and the policy under which a browser takes it and nothing else."""

    def __init__(self, more: str = "", *, leads_on: bool = False) -> None:
        """Take what comes behind the style of all pages; neither holds anything of a request.

        `leads_on` says that a form's answer may lead to any site: Chromium asks `form-action` for that too.
        """
        self._forms = "http: https:" if leads_on else "'self'"
        self.text = BASE_STYLE + more
        digest = base64.b64encode(hashlib.sha256(self.text.encode()).digest()).decode()
        self._start = f"default-src 'none'; style-src 'sha256-{digest}'"

    def policy(self, *, images: bool) -> str:
        """Return the Content-Security-Policy; `images` are such as are in the page itself."""
        image = "; img-src data:" if images else ""
        return f"{self._start}{image}; form-action {self._forms}; base-uri 'none'; frame-ancestors 'none'"


def document(
    status: int,
    language: str,
    title: str,
    content: str,
    style: Style,
    *,
    refresh: str = "",
    images: bool = False,
    names_itself: bool = False,
) -> Page:
    """Return a page.

    `title` is plain text, `content` the markup of the body; `refresh` is where the browser goes after a
    second, relative to the page; `images` says that there are images in the content (`data:` alone),
    `names_itself` that a form of the page says from where it comes, to us alone (`own_forms`).
    """
    head = f'<meta http-equiv="refresh" content="1; url={escape(refresh)}">\n' if refresh else ""
    more: tuple[Header, ...] = (
        ("content-security-policy", style.policy(images=images)),
        ("referrer-policy", "same-origin" if names_itself else "no-referrer"),
        ("vary", "accept-language"),
        ("content-language", language),
    )
    text = _FRAME.format(language=language, head=head, title=escape(title), style=style.text, content=content)
    return Page(status, "text/html", text, *more)
