"""The hostile documents of `tests/rewriting/hostile_html`; its README tells the form of the files."""

import re
from html import escape
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent.parent / "hostile_html"
_CASE = re.compile(r"^#case ([a-z0-9-]+): (.+)$", re.MULTILINE)
_CONTROLS = {0x2400 + code: code for code in range(0x20)} | {0x2421: 0x7F}
"""Control pictures (U+2400 and on) stand for the control characters themselves."""


def _nested(depth: int) -> str:
    """Return documents in documents, `depth` of them, with a link in each."""
    html = '<a href="https://evil.example/0">x</a>'
    for number in range(1, depth + 1):
        html = f'<iframe srcdoc="{escape(html)}"></iframe><a href="https://evil.example/{number}">x</a>'
    return html


_GENERATED = {
    "@8000@": "a" * 8000,
    "@attributes@": " ".join(f"data-{number}='{number}'" for number in range(1000)),
    "@conditions@": "".join(
        f'<!--[if mso]><a href="https://evil.example/{number}">x</a><![endif]-->' for number in range(100)
    ),
    "@deep@": "<div><span>" * 1500,
    "@bomb@": "<div><i>" * 1500,
    "@nested@": _nested(5),
    "@fonts@": "".join(f"<font size={number}>" for number in range(60)) + "<p>x" * 20,
}


class Hostile(NamedTuple):
    """A hostile document: its file and name, what it attacks, and its text."""

    name: str
    attacks: str
    html: str


def hostile_documents() -> list[Hostile]:
    """Return all of them, in the order of their files."""
    found = []
    for path in sorted(_FOLDER.glob("*.cases")):
        text = path.read_text(encoding="utf-8")
        heads = list(_CASE.finditer(text))
        ends = [head.start() - 1 for head in heads[1:]] + [len(text) - 1]
        for head, end in zip(heads, ends, strict=True):
            html = text[head.end() + 1 : end].translate(_CONTROLS)
            for placeholder, generated in _GENERATED.items():
                html = html.replace(placeholder, generated)
            found.append(Hostile(f"{path.stem}/{head[1]}", head[2], html))
    return found
