"""data_files: the data that a room ships in its folder `data/`, read once when the room is imported."""

import tomllib
from importlib import resources
from typing import TypeVar

import msgspec

T = TypeVar("T")


def load(room: str, name: str, form: type[T]) -> T:
    """Read `data/<name>` (TOML) of the package `room` into `form`.

    Raises:
        msgspec.ValidationError: the file does not have that form.
    """
    return msgspec.convert(tomllib.loads(text_of(room, name)), form, strict=False)


def text_of(room: str, name: str) -> str:
    """Return `data/<name>` (UTF-8) of the package `room`."""
    return resources.files(room).joinpath("data", name).read_text(encoding="utf-8")
