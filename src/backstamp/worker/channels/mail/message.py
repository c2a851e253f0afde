"""The mail itself: the same words as plain text and as HTML without links, images and scripts."""

from collections.abc import Iterator
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final

from backstamp.records.wording.notices import Notice
from backstamp.worker.channels.wording import Story, intro, stories, title
from backstamp.worker.onward import in_ascii

_POLICY: Final = policy.SMTP.clone(max_line_length=250)
"""The subject stays in one piece: folded by the library, it would begin on a line of its own."""


def alert_mail(sender: str, to: str, notice: Notice, now: datetime) -> bytes:
    """Return the mail, CR LF line ends. Every try of the same notice has the same Message-ID."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = in_ascii(sender)
    message["To"] = in_ascii(to)
    message["Subject"] = f"[Backstamp] {title(notice)}"[:200]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{notice.event_id}@{in_ascii(sender).rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    # Should it come through a gateway of ours, it is not measured, and its links (it has none) stay.
    message["X-Backstamp-Opens"] = "off"
    message["X-Backstamp-Links"] = "off"
    message.set_content("\n".join(_text(notice)), charset="utf-8")
    message.add_alternative("\n".join(_html(notice)), subtype="html", charset="utf-8")
    return message.as_bytes()


def _text(notice: Notice) -> Iterator[str]:
    if words := intro(notice):
        yield from (words, "")
    for story in stories(notice):
        yield story.title
        yield "-" * len(story.title)
        for fact in story.facts:
            yield f"{fact.label + ':':<16}{fact.text}"
        if story.people:
            yield "Who:"
            yield from (f"  {deed.text}" for deed in story.people)
        yield ""
    yield "Links are written so that they cannot be followed. Sent by Backstamp; see docs/alerts.md."


def _html(notice: Notice) -> Iterator[str]:
    yield '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Backstamp</title></head>'
    yield '<body style="font-family: sans-serif">'
    if words := intro(notice):
        yield f"<p>{escape(words)}</p>"
    for story in stories(notice):
        yield from _html_story(story)
    yield "<p><small>Links are written so that they cannot be followed. Sent by Backstamp.</small></p>"
    yield "</body></html>"


def _html_story(story: Story) -> Iterator[str]:
    yield f"<h3>{escape(story.title)}</h3>"
    yield '<table cellpadding="3">'
    for fact in story.facts:
        yield (
            f'<tr><th align="left" valign="top">{escape(fact.label)}</th>'
            f'<td><bdi dir="ltr">{escape(fact.text)}</bdi></td></tr>'
        )
    yield "</table>"
    if story.people:
        yield "<ul>"
        for who, did in story.people:
            yield f"<li><bdi>{escape(who)}</bdi> {escape(did)}</li>"
        yield "</ul>"
