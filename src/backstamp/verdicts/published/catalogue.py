"""Which lists there are: `data/published.toml`."""

import datetime
from enum import StrEnum
from typing import Final

import msgspec

from backstamp.data_files import load


class Form(StrEnum):
    """How a list is written."""

    CSV = "csv"
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    TEXT = "text"


class PublishedList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of `data/published.toml`, where each field is explained."""

    name: str
    label: str
    url: str
    form: Form
    file: str
    least: int
    max_bytes: int
    source: str
    date: datetime.date


class _File(msgspec.Struct, forbid_unknown_fields=True):
    list: tuple[PublishedList, ...]


LISTS: Final = load("backstamp.verdicts", "published.toml", _File).list
"""Every published list that we know how to read."""


def list_named(name: str) -> PublishedList | None:
    """Return the list with this name, or with this file name."""
    return next((each for each in LISTS if name in (each.name, each.file)), None)
