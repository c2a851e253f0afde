"""The packaged signature files, read once when the room is imported."""

import tomllib
from importlib import resources
from typing import TypeVar

import msgspec

T = TypeVar("T")


def load(name: str, form: type[T]) -> T:
    """Read `data/<name>` into `form`.

    Raises:
        msgspec.ValidationError: the file does not have that form.
    """
    text = resources.files("backstamp.verdicts").joinpath("data", name).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), form, strict=False)
