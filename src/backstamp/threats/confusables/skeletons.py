"""skeletons: texts that look alike have one skeleton (UTS 39, section 4)."""

import unicodedata

from backstamp.threats.confusables.unicode_data import is_ignorable, prototype_of


def skeleton(text: str) -> str:
    """Return the skeleton of a text: `paypal` for `раураl` in Cyrillic letters.

    The internal skeleton of UTS 39: NFD, without what shows nothing, each character by its prototype, NFD. It
    compares, and is no text for people (`rn` for `m`, `O` for `0`).
    """
    characters = (
        character for character in unicodedata.normalize("NFD", text) if not is_ignorable(character)
    )
    return unicodedata.normalize("NFD", "".join(map(prototype_of, characters)))


def bare_skeleton(text: str) -> str:
    """Return the skeleton in lower case and without marks: `paypal` for `pâypål` too.

    Readers overlook marks (Chromium removes them before it compares, url_formatter/spoof_checks).
    """
    return "".join(
        character
        for character in skeleton(text).lower()
        if not unicodedata.category(character).startswith("M")
    )
