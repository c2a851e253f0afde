"""The inputs of html5lib's tree-construction tests, each with a link put in at several places."""

import re
from collections.abc import Iterator
from pathlib import Path

_TEST = re.compile(rb"(?:^|\n)#data\n(.*?)\n#errors\n", re.DOTALL)
_LINK = "<a href=https://links.example/{0}?a=1&amp;b>l</a>"


def conformance_inputs(folder: Path) -> list[str]:
    """Return the `#data` sections, each once."""
    found = [
        match[1].decode("utf-8", "replace")
        for path in sorted(folder.glob("**/*.dat"))
        for match in _TEST.finditer(path.read_bytes())
    ]
    return list(dict.fromkeys(found))


def with_links(text: str, places: int) -> Iterator[str]:
    """Yield the text with one link put in, at its start, its end and up to `places` between.

    Where there are more than `places` tags, every n-th is taken: before it and behind it.
    """
    inner = sorted(
        {at for match in re.finditer("<", text) for at in (match.start(), match.start() + 1)}
        | {match.end() for match in re.finditer(">", text)}
    )
    step = max(1, -(-len(inner) // places)) if places else len(inner) + 1
    for at in sorted({0, len(text), *inner[::step]}):
        yield text[:at] + _LINK.format(at) + text[at:]
