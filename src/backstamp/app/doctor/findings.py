"""What the doctor says of one thing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SECONDS: Final = 5.0
"""Longest wait for anybody's answer; a healthy mail server greets within a second or two."""


class Grade(StrEnum):
    """How bad it is: only `WRONG` makes the command fail."""

    GOOD = "good"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and the fix where there is something to fix."""

    grade: Grade
    subject: str
    text: str
    fix: str = ""


def good(subject: str, text: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Grade.GOOD, subject, text)


def note(subject: str, text: str, fix: str) -> Finding:
    """Return a finding that works, but may not be what was meant."""
    return Finding(Grade.NOTE, subject, text, fix)


def wrong(subject: str, text: str, fix: str) -> Finding:
    """Return a finding that must be fixed."""
    return Finding(Grade.WRONG, subject, text, fix)
