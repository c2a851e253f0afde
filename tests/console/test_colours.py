"""Words and fields can be told from their ground, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest
from django.apps import apps

GROUNDS = ("paper", "surface", "sunken")
WORDS = [
    *(
        (word, ground)
        for word in ("ink", "ink-soft", "accent", "person", "bad", "warn", "unknown")
        for ground in GROUNDS
    ),
    *((tone, f"{tone}-soft") for tone in ("person", "machine", "unknown", "warn", "bad", "good", "accent")),
    ("accent-ink", "accent"),
]


def themes() -> dict[str, dict[str, str]]:
    sheet = (Path(apps.get_app_config("console").path) / "static/console/tokens.css").read_text()
    light, dark = sheet.split("@media screen and (prefers-color-scheme: dark)")
    tokens = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
    found = dict(tokens.findall(light))
    return {"light": found, "dark": found | dict(tokens.findall(dark))}


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_can_be_read(theme: str) -> None:
    colours = themes()[theme]
    weak = {pair: found for pair in WORDS if (found := contrast(*(colours[name] for name in pair))) < 4.5}
    assert weak == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_fields_and_what_has_the_focus_can_be_seen(theme: str) -> None:
    colours = themes()[theme]
    pairs = [(line, ground) for line in ("field-line", "accent") for ground in GROUNDS]
    assert {pair: found for pair in pairs if (found := contrast(*(colours[name] for name in pair))) < 3} == {}
