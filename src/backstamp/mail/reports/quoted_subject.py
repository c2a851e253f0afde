"""The subject of the mail that failed, as notices quote it: what it says is not what the notice says.

"Delivery delayed" may be the subject of a mail that came back for good, in any language.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from backstamp.mail.reports.phrases import words_of

_LONGEST_LABEL: Final = 100
_SHORTEST: Final = 6
"""Characters of a subject that is looked for in sentences; "mail" may stand there for itself."""
_MOST_SUBJECTS: Final = 4
_LONGEST: Final = 300
_NEXT_LINES: Final = 3

_MAY_BE: Final = re.compile(r"[:：]|[\u3000-\uffdc](?:\s|$)")
_ANY_LABEL: Final = re.compile(r"^[\s>|*]{0,40}[^\s:：][^:：@\n]{0,40}[:：]")
_TELLING: Final = re.compile(r"@|\b[245]\d\d\b|\b[45]\.\d{1,3}\.\d")


@cache
def _label() -> re.Pattern[str]:
    """Return what finds `Subject:`, `The subject of the message is:`, `邮件主题：` at the head of a line.

    In scripts without blanks between words the cell of a table may hold nothing else, and no colon.
    """
    return re.compile(
        rf"^[\s>|*•·-]{{0,40}}(?:[\w.']{{1,20}}[ \t]){{0,4}}\w{{0,6}}?(?:{words_of('subject_label')})"
        r"(?:(?:[ \t][\w.']{1,20}){0,4}\s{0,20}[:：]|(?<=[\u3000-\uffdc])(?:\s{1,20}(?=\S)|$))",
        re.IGNORECASE,
    )


@cache
def _in_sentence() -> re.Pattern[str]:
    """Return what finds `your message "Delivery delayed"`, `with the subject 'Delivery delayed'`."""
    return re.compile(
        rf"(?<!error )(?<!smtp )(?<!following )(?<!response )"
        rf"(?:(?P<label>{words_of('subject_label')})|{words_of('quoted_mail')})[^\W\d]{{0,6}}[ \t]{{0,2}}"
        r"(?:[\"“”„«「『](?P<double>[^\"“”„«»「」『』\n]{1,300})[\"“”»」』]|(?<!\w)'(?P<single>[^'\n]{1,300})'(?!\w))",
        re.IGNORECASE,
    )


def without_quoted_subject(text: str) -> str:
    """Return a notice without the subject that it quotes behind a label, or in quotes.

    Blanks stand for it, so that everything else stays where it is.
    """
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        label = _label().match(lines[at][:_LONGEST_LABEL]) if _MAY_BE.search(lines[at]) else None
        at = at + 1 if label is None else _leave_out(lines, at, label)
    return _in_sentence().sub(_emptied, "\n".join(lines))


def without_known_subjects(text: str, subjects: Iterable[str]) -> str:
    """Return a notice without `subjects`, where they stand alone on a line, behind a colon or in quotes."""
    for subject in list(dict.fromkeys(each.strip()[:_LONGEST] for each in subjects))[:_MOST_SUBJECTS]:
        if len(subject) >= _SHORTEST:
            text = _standing_alone(subject).sub(lambda match: " " * len(match[0]), text)
    return text


def _leave_out(lines: list[str], at: int, label: re.Match[str]) -> int:
    """Empty the value of a label in `lines`; return where to go on."""
    line = lines[at]
    value = line[label.end() :]
    lines[at] = line[: label.end()] + " " * len(value)
    depth = len(line) - len(line.lstrip())
    below = at + 1
    if value.strip():
        # A long one goes on in lines that are further in (RFC 5322 §2.2.3, and tables for people).
        while below < min(at + 1 + _NEXT_LINES, len(lines)):
            deeper = len(lines[below]) - len(lines[below].lstrip())
            if deeper < depth + _NEXT_LINES or not _is_value(lines[below]):
                break
            lines[below] = " " * len(lines[below])
            below += 1
        return below
    # In a table its value is the next cell, which is a line of its own.
    while below < min(at + _NEXT_LINES, len(lines)):
        if lines[below].strip():
            if _is_value(lines[below]):
                lines[below] = " " * len(lines[below])
                below += 1
            break
        below += 1
    return below


def _is_value(line: str) -> bool:
    return line.strip() != "" and _TELLING.search(line) is None and _ANY_LABEL.match(line) is None


def _emptied(match: re.Match[str]) -> str:
    name = "double" if match["double"] is not None else "single"
    if match["label"] is None and _TELLING.search(match[name]):
        return match[0]  # "recipient's mail 'user@example.org'", "with the message '550 ...'"
    start, end = match.start(name) - match.start(), match.end(name) - match.start()
    return match[0][:start] + " " * (end - start) + match[0][end:]


def _standing_alone(subject: str) -> re.Pattern[str]:
    words = r"\s{1,4}".join(re.escape(word) for word in subject.split())
    before = r"(?:(?<=[\"'“”„«「『])|(?<=[:：])|(?<=[:：] )|^[ \t]{0,40})"
    return re.compile(
        rf"{before}(?:{words})(?=[ \t]{{0,40}}$|[\"'“”»」』])",
        re.IGNORECASE | re.MULTILINE,
    )
