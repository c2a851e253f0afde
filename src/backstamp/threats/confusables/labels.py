"""labels: whether a label outside ASCII can be taken for another, by UTS 39 and in the way of browsers.

The main points of Chromium's policy (docs/idn.md and components/url_formatter/spoof_checks of its source):
characters that are no part of names in today's languages, scripts that are not mixed in any language, words
of another script made of letters that look Latin.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from typing import Final

from backstamp.threats.confusables.skeletons import bare_skeleton, skeleton
from backstamp.threats.confusables.unicode_data import COMMON, is_allowed, prototype_of, scripts_of


class LabelDoubt(StrEnum):
    """Why a label had better be shown in Punycode."""

    CHARACTERS = "characters"
    """It has characters that names in today's languages do not have."""
    MIXED = "mixed"
    """Its scripts are not mixed in any language: below "highly restrictive"."""
    CONFUSABLE = "confusable"
    """It looks like a word of a to z, with letters of another script or of no living spelling."""


_LOGICAL: Final = (
    frozenset({"Hani", "Hira", "Kana"}),
    frozenset({"Hani", "Hang"}),
    frozenset({"Hani", "Bopo"}),
)
"""Scripts that one language mixes: Japanese, Korean, Chinese (UTS 39, section 5.1)."""
_EAST_ASIAN: Final = frozenset({"Hani", "Hira", "Kana", "Hang", "Bopo"})
_WITH_MARKS: Final = frozenset({"Latn", "Grek", "Cyrl"})
# Allowed by UTS 39, and taken out by Chromium and Mozilla: they look like punctuation (ʻ ʼ ˬ ̸ ֊ ‐ ’ ‧ ゠), or
# no living spelling has them (kra, Pinyin's capitals, Latin Extended Additional below Vietnamese's letters,
# polytonic Greek, Cyrillic Extended-B and -C, Latin Extended-D). The joiners show nothing.
_TAKEN_OUT: Final = re.compile(
    "[\u02bb\u02bc\u02ec\u0338\u058a\u2010\u2019\u2027\u30a0\u0138\u200c\u200d"
    "\u01cd-\u01dc\u1c80-\u1c8f\u1e00-\u1e9b\u1f00-\u1fff\ua640-\ua69f\ua720-\ua7ff]"
)
_AT_HOME: Final = {"\u00fe": {"is"}, "\u00f0": {"is", "fo"}, "\u0259": {"az"}}
"""Letters of one language that elsewhere are seen as p, o and e: þ, ð, ə."""
_MAX_MARKS: Final = 4
_MIDDLE_DOT: Final = re.compile("l\u00b7(?=l)")
# A dot above what has one, a mark on a dotless i, and Japanese voicing marks on their own.
_ODD_MARKS: Final = re.compile("[ijl\u0131]\u0307|\u0131[\u0300-\u036f]|[\u3099\u309a]")
_COUNTRIES: Final = {
    "Armn": {"am"},
    "Cyrl": {"bg", "by", "kg", "kz", "me", "mk", "mn", "rs", "ru", "su", "tj", "ua", "uz"},
    "Ethi": {"er", "et"},
    "Geor": {"ge"},
    "Grek": {"cy", "gr"},
    "Hebr": {"il"},
    "Mymr": {"mm"},
    "Thai": {"th"},
}
"""Countries that write in a script: a word of it is no disguise under their domains."""


def doubt_of(label: str, top_level: str) -> LabelDoubt | None:
    """Return why a label can be taken for another; None for ASCII, and for words as people write them.

    `label` is a U-label (`names.unicode_labels`), `top_level` the last label of its host, in Unicode too.
    Whether it looks like a domain that is known is another question (`heuristics`, `safe_spelling`).
    """
    if label.isascii():
        return None
    if not _has_usual_characters(label, top_level):
        return LabelDoubt.CONFUSABLE if bare_skeleton(label).isascii() else LabelDoubt.CHARACTERS
    sets = [scripts for scripts in map(scripts_of, label) if not scripts & COMMON]
    if not _is_highly_restrictive(sets) or _mixes_digits(label) or _hides_among_latin(label, sets):
        return LabelDoubt.MIXED
    if _looks_latin(label, sets) and not _is_at_home(sets, top_level):
        return LabelDoubt.CONFUSABLE
    return None


def _has_usual_characters(label: str, top_level: str) -> bool:
    if not all(map(is_allowed, label)) or _TAKEN_OUT.search(label) or _ODD_MARKS.search(label):
        return False
    if "\u00b7" in label and (top_level != "cat" or "\u00b7" in _MIDDLE_DOT.sub("", label)):
        # Catalan's l·l (RFC 5892, appendix A.3).
        return False
    if _has_piled_marks(label):
        return False
    if any(letter in label and top_level not in homes for letter, homes in _AT_HOME.items()):
        return False
    return all(
        scripts_of(before) & (_WITH_MARKS | COMMON)
        for before, mark in pairwise(label)
        if "\u0300" <= mark <= "\u036f"
    )


def _has_piled_marks(label: str) -> bool:
    """Whether a mark stands twice in a row, or more than four on one letter (UTS 39, section 5.4)."""
    marks = "".join(
        character if unicodedata.category(character) == "Mn" else " "
        for character in unicodedata.normalize("NFD", label)
    )
    runs = marks.split()
    return any(len(run) > _MAX_MARKS or any(a == b for a, b in pairwise(run)) for run in runs)


def _is_highly_restrictive(sets: list[frozenset[str]]) -> bool:
    """Whether one script has all characters, or Latin and the scripts of one East Asian language have."""
    if not sets or frozenset.intersection(*sets):
        return True
    others = [scripts for scripts in sets if "Latn" not in scripts]
    return any(all(scripts & language for scripts in others) for language in _LOGICAL)


def _mixes_digits(label: str) -> bool:
    """Whether it has digits of two systems (UTS 39, section 5.3)."""
    zeros = {ord(digit) - value for digit in label if (value := unicodedata.decimal(digit, None)) is not None}
    return len(zeros) > 1


def _hides_among_latin(label: str, sets: Iterable[frozenset[str]]) -> bool:
    """Whether an East Asian character among Latin ones looks like a letter or a slash: ノ, 丨, 一."""
    if not any("Latn" in scripts for scripts in sets) or not any(map(_is_east_asian, sets)):
        return False
    if any("Latn" in scripts_of(character) and not character.isascii() for character in label):
        return True
    east = [_is_east_asian(scripts_of(character)) for character in label]
    return any(
        east[at] and _looks_plain(label[at]) and not any(east[max(at - 1, 0) : at] + east[at + 1 : at + 2])
        for at in range(len(label))
    )


def _is_east_asian(scripts: frozenset[str]) -> bool:
    return bool(scripts & _EAST_ASIAN) and "Latn" not in scripts


def _looks_plain(character: str) -> bool:
    looks = prototype_of(character)
    return looks.isascii() or looks == "\u30fc" or not looks.isalpha()


def _looks_latin(label: str, sets: Iterable[frozenset[str]]) -> bool:
    return not any("Latn" in scripts for scripts in sets) and skeleton(label).isascii()


def _is_at_home(sets: Iterable[frozenset[str]], top_level: str) -> bool:
    scripts = frozenset[str]().union(*sets)
    if not top_level.isascii():
        return any(scripts_of(character) & scripts for character in top_level)
    return any(top_level in _COUNTRIES.get(script, ()) for script in scripts)
