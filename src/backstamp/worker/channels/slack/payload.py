"""`text` for notifications and old clients, `blocks` for the rest; within Slack's limits."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from backstamp.records.wording.notices import Notice
from backstamp.worker.channels.wording import Story, intro, stories, title

LONGEST_HEADER: Final = 150
LONGEST_SECTION: Final = 3000
MOST_BLOCKS: Final = 50
MOST_PEOPLE: Final = 15
"""Of each alert; there is more in the console."""
_encode: Final = msgspec.json.Encoder().encode


def payload(notice: Notice) -> bytes:
    """Return the body."""
    words = title(notice)
    # Without `emoji` a part of an IPv6 address is a picture: `:100:`.
    header = {"type": "plain_text", "text": words[:LONGEST_HEADER], "emoji": False}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": header}]
    if note := intro(notice):
        blocks.append(_section(_escaped(note)))
    told = stories(notice)
    blocks += [_section(_bounded(_story(story))) for story in told[: MOST_BLOCKS - 3]]
    if (more := len(told) - (MOST_BLOCKS - 3)) > 0:
        blocks.append(_section(f"... and {more} more"))
    return _encode({"text": _escaped(words), "blocks": blocks, "unfurl_links": False, "unfurl_media": False})


def _section(text: str) -> dict[str, Any]:
    # `verbatim`: Slack makes links and mentions of nothing that looks like one.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _story(story: Story) -> Iterator[str]:
    yield f"*{_escaped(story.title)}*"
    for fact in story.facts:
        yield f"{fact.label}: {_code(fact.text)}"
    for deed in story.people[:MOST_PEOPLE]:
        yield f"• {_code(deed.text)}"
    if (more := len(story.people) - MOST_PEOPLE) > 0:
        yield f"• ... and {more} more lines"


def _bounded(lines: Iterator[str]) -> str:
    """Join whole lines up to Slack's limit: one that is cut could end inside an escape."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 1 > LONGEST_SECTION:
            break
        text += f"{line}\n"
    return text


def _code(text: str) -> str:
    """Return a hostile text as it is, without its being read as markup."""
    return f"`{_escaped(text).replace('`', chr(39))}`"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
