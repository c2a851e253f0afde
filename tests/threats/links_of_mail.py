"""The links of a message as the heuristics see them when it arrives."""

import email
from collections.abc import Iterator
from email.utils import parseaddr
from pathlib import Path

from backstamp.rewriting.html.html_links import HtmlText
from backstamp.rewriting.html.source.one_line import OneLine
from backstamp.rewriting.text.text_links import find_text_links
from backstamp.threats.heuristics import Looks
from backstamp.urls.parsing import strip_link_text, web_url
from tests.rewriting.oracles.mail_program import shown_parts


def links_of(path: Path) -> Iterator[Looks]:
    raw = path.read_bytes()
    kind = {".html": b"html", ".txt": b"plain"}.get(path.suffix)
    if kind is not None and path.parent.name.startswith("tmpl-"):
        raw = b"Content-Type: text/%b; charset=utf-8\n\n%b" % (kind, raw)
    sender = parseaddr(str(email.message_from_bytes(raw).get("From", "")))[1].rpartition("@")[2].lower()
    for part in shown_parts(raw):
        html = part.media_type == "text/html"
        found = HtmlText(OneLine(part.text)).links if html else find_text_links(part.text)
        for link in found:
            url = web_url(strip_link_text(link.value), link.base)
            if url is not None:
                text = link.label if html else ""
                yield Looks(url=url, written=link.value, text=text, sender_domain=sender)
