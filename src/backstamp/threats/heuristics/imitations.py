"""imitations: hosts that pass themselves off as somebody else's, by their names."""

import re
from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise
from typing import Final

from backstamp.threats.confusables import unicode_labels
from backstamp.threats.findings import ThreatReason
from backstamp.threats.heuristics.looks import Sign
from backstamp.threats.heuristics.names import MIN_FOLDED, MIN_LONG, Names, folded, likely
from backstamp.threats.heuristics.well_known import BAIT, GENERIC, is_innocent

_MIN_BELOW: Final = 5
"""The shortest word that speaks below another domain, as itself or as it looks."""
_MIN_INSIDE: Final = 7
"""The shortest word in which readers overlook that letters are swapped, or one is missing."""
_ANY_EDIT: Final = 8
"""The shortest word of which any wrong letter is told, and not only a slip of the finger."""
_MIN_CONFUSED: Final = 3
"""The shortest name that letters of other scripts may imitate."""
_ROWS: Final = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop")
_SPLIT: Final = re.compile("[-_]+")
_BEHIND_SUFFIX: Final = re.compile(r"[-0-9].*")
"""What makes another name of `com`: `com-login`, `com2024`."""


class _Edit(IntEnum):
    NONE = 0
    NEAR = 1
    """As others' names may be by chance."""
    LOOKS = 2
    """As readers overlook."""


def imitation_signs(labels: tuple[str, ...], domain: str, names: Names) -> Iterator[Sign]:
    """Yield how a host imitates one of the names.

    `labels` are the host's (U-labels); `domain` is its registrable domain. A genuine domain, and all below
    it, never looks like another.
    """
    if domain in names.domains:
        return
    depth = len(labels) - domain.count(".") - 1
    label = labels[depth]
    sign = _of_label(label, labels[depth + 1 :], names)
    if sign is not None:
        yield sign
    below = labels[:depth]
    if below:
        inside = _domain_in(below, label, names)
        if inside is not None:
            yield Sign(ThreatReason.DOMAIN_IN_HOST, inside)
        elif sign is None and not names.are_own:
            yield from _names_below(below, names)


def _of_label(label: str, suffix: tuple[str, ...], names: Names) -> Sign | None:
    """Judge the label that somebody chose and registered."""
    if is_innocent(label):
        return None
    if label in names.words or (joined := label.replace("-", "")) in names.words:
        word = label if label in names.words else joined
        if word in names.national and _is_country(suffix):
            return None
        meant = names.words[word]
        baited = _has_bait(meant, [], suffix)
        return Sign(ThreatReason.NAME_WITH_BAIT if baited else ThreatReason.NAME_ELSEWHERE, meant)
    looked_like = _looked_like(label, names)
    if looked_like is not None:
        return Sign(names.looks_like, looked_like) if unicode_labels(looked_like)[0] != label else None
    edit, word = _nearest(label, names)
    if edit is _Edit.LOOKS:
        return Sign(names.looks_like, names.words[word])
    if edit is _Edit.NEAR:
        return Sign(names.resembles, names.words[word])
    return _of_tokens(label, suffix, names)


def _looked_like(label: str, names: Names) -> str | None:
    look = folded(label)
    meant = names.folded.get(look)
    if meant is None:
        return None
    if not label.isascii():
        shortest = _MIN_CONFUSED
    else:
        shortest = MIN_FOLDED - 1 if look in names.folded_words else MIN_FOLDED
    return meant if len(label) >= shortest else None


def _of_tokens(label: str, suffix: tuple[str, ...], names: Names) -> Sign | None:
    """Judge a label of several words: `paypal-login`, `paypa1-support`, `securepaypal`."""
    tokens = [token for token in _SPLIT.split(label) if token]
    for at, token in enumerate(tokens):
        if is_innocent(token):
            continue
        others = tokens[:at] + tokens[at + 1 :]
        if others:
            if token in names.words:
                return _beside(names.words[token], others, suffix, names)
            if token in names.beside_bait and _has_bait(names.beside_bait[token], others, suffix):
                return Sign(ThreatReason.NAME_WITH_BAIT, names.beside_bait[token])
            meant = names.folded_words.get(folded(token))
            if meant is not None and len(token) >= MIN_FOLDED - 1:
                return Sign(names.looks_like, meant)
            edit, word = _nearest(token, names)
            if edit is not _Edit.NONE and _has_bait(names.words[word], others, suffix):
                return Sign(ThreatReason.NAME_WITH_BAIT, names.words[word])
        inside = _inside(token, names)
        if inside is not None:
            word, rest = inside
            return _beside(names.words[word], [rest, *others], suffix, names)
    return None


def _inside(token: str, names: Names) -> tuple[str, str] | None:
    """Return the longest word that a longer one begins or ends with, and what is beside it."""
    if len(token) <= MIN_LONG:
        return None
    found = [word for word in likely(token, names) if token.startswith(word) or token.endswith(word)]
    if not found:
        return None
    word = max(found, key=len)
    return word, token.removeprefix(word) if token.startswith(word) else token.removesuffix(word)


def _beside(meant: str, others: list[str], suffix: tuple[str, ...], names: Names) -> Sign | None:
    if _has_bait(meant, others, suffix):
        return Sign(ThreatReason.NAME_WITH_BAIT, meant)
    # An organisation's name is in its partners', its towns', its fans' domains.
    return None if names.are_own else Sign(ThreatReason.NAME_IN_HOST, meant)


def _has_bait(meant: str, others: list[str], suffix: tuple[str, ...]) -> bool:
    """Whether bait stands beside the name or behind it, or what stands behind it in the domain that is meant.

    `paypal-login.example`, `paypal-fans.support`, `paypal-com.example`. Of a longer suffix two labels count:
    whoever signs in through Amazon has a page below `auth.eu-central-1.amazoncognito.com`.
    """
    beside = {token.strip("0123456789") for token in others}
    return not BAIT.isdisjoint(beside.union(suffix[-2:])) or meant.partition(".")[2] in beside


def _domain_in(below: tuple[str, ...], label: str, names: Names) -> str | None:
    """Return the domain that a host seems to have, read from the left.

    `paypal.com.evil.example`, `paypal.com-login.evil.example`, `paypal.com-login.example`.
    """
    shown = (*below, label)
    for start in range(len(below)):
        for end in (start + 2, start + 3):
            *first, last = shown[start:end]
            suffix = _BEHIND_SUFFIX.sub("", last)
            domain = ".".join((*first, suffix))
            if domain in names.domains and (end <= len(below) or suffix != last):
                return domain
    return None


def _names_below(below: tuple[str, ...], names: Names) -> Iterator[Sign]:
    for label in below:
        for token in _SPLIT.split(label):
            meant = names.folded_words.get(folded(token)) if len(token) >= _MIN_BELOW else None
            if meant is not None:
                yield Sign(ThreatReason.NAME_IN_HOST, meant)
                return


def _nearest(label: str, names: Names) -> tuple[_Edit, str]:
    best, nearest = _Edit.NONE, ""
    if len(label) < MIN_LONG - 1 or not label.isascii():
        return best, nearest
    for word in likely(label, names):
        if abs(len(word) - len(label)) <= 1 and (edit := _edit_between(word, label)) > best:
            best, nearest = edit, word
    return best, nearest


def _edit_between(word: str, label: str) -> _Edit:
    """Tell how one gets from `word` to `label`: in a way that readers overlook, near it, or not at all.

    Overlooked: a doubled letter, and inside words of seven letters one left out or two swapped. Near: one
    slip to a key beside, and in words of eight letters any one letter.
    """
    shorter = min(len(word), len(label))
    start = 0
    while start < shorter and word[start] == label[start]:
        start += 1
    end = 0
    while end < shorter - start and word[-1 - end] == label[-1 - end]:
        end += 1
    wanted, got = word[start : len(word) - end], label[start : len(label) - end]
    swapped = len(wanted) == 2 and wanted == got[::-1]
    if (len(wanted), len(got)) not in {(1, 0), (0, 1), (1, 1)} and not swapped:
        return _Edit.NONE
    if not wanted:
        around = label[start - 1 : start] + label[start + 1 : start + 2]
        doubled = got in around
        slip = any(got in _NEIGHBOURS.get(letter, "") for letter in around)
    else:
        doubled = False
        slip = swapped or not got or got in _NEIGHBOURS.get(wanted, "")
    inside = (swapped or not got) and 0 < start < len(word) - len(wanted) and len(word) >= _MIN_INSIDE
    if doubled or inside:
        return _Edit.LOOKS
    return _Edit.NEAR if slip or len(word) >= _ANY_EDIT else _Edit.NONE


def _is_country(suffix: tuple[str, ...]) -> bool:
    return len(suffix) <= 2 and len(suffix[-1]) == 2 and suffix[-1] not in GENERIC


def _neighbours() -> dict[str, str]:
    """Return the keys beside each key in its row, on the keyboards of our languages."""
    found: dict[str, str] = {}
    for row in _ROWS:
        for left, right in pairwise(row):
            found[left] = found.get(left, "") + right
            found[right] = found.get(right, "") + left
    return found


_NEIGHBOURS: Final = _neighbours()
