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

# Many mail programs heed no style sheet, so each element has its own style. None sets a ground or the colour
# of words: who reads mail on a dark ground keeps it.
_BODY: Final = (
    "font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif; max-width: 640px"
)
_STORY: Final = "margin: 0 0 24px; padding: 2px 0 2px 16px; border-left: 4px solid #4a7fbf"
_TITLE: Final = "margin: 0 0 8px; font-size: 19px; line-height: 1.3"
_LABEL: Final = "padding: 2px 16px 2px 0; opacity: 0.7; font-weight: normal; white-space: nowrap"
_FACT: Final = "padding: 2px 0; word-break: break-word"
_PEOPLE: Final = "margin: 8px 0 0; padding-left: 20px"
_SMALL: Final = "opacity: 0.7; font-size: 13px"


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
    yield f'<body style="{_BODY}">'
    if words := intro(notice):
        yield f"<p>{escape(words)}</p>"
    for story in stories(notice):
        yield from _html_story(story)
    yield f'<p style="{_SMALL}">Links are written so that they cannot be followed. Sent by Backstamp.</p>'
    yield "</body></html>"


def _html_story(story: Story) -> Iterator[str]:
    yield f'<div style="{_STORY}"><h2 style="{_TITLE}">{escape(story.title)}</h2>'
    yield '<table cellpadding="0" cellspacing="0">'
    for fact in story.facts:
        yield (
            f'<tr><th align="left" valign="top" style="{_LABEL}">{escape(fact.label)}</th>'
            f'<td style="{_FACT}"><bdi dir="ltr">{escape(fact.text)}</bdi></td></tr>'
        )
    yield "</table>"
    if story.people:
        yield f'<ul style="{_PEOPLE}">'
        for who, did in story.people:
            yield f"<li><bdi>{escape(who)}</bdi> {escape(did)}</li>"
        yield "</ul>"
    yield "</div>"
