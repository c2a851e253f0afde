"""files_in_text: files that stand as lines in a plain text, as before MIME: uuencoded (POSIX), or in yEnc."""

import re
from typing import Final

_NAMED: Final = re.compile(
    r"(?<![^\r\n])(?:begin [0-7]{3,4} [^\r\n]*\.\w+[^\w\r\n]*[\r\n]+(?!end\b)[^\r\n]"
    r"|=ybegin line=[0-9]* size=[0-9]* name=)"
)
_BEGIN: Final = re.compile(r"(?<![^\r\n])begin [0-7]{3,4} \S[^\r\n]*(?:\r\n|\n|\r)")
_LINES: Final = re.compile(r"(?:[ -`]{1,62}(?:\r\n|\n|\r))*")
_LINES_TRIED: Final = 20
_END: Final = re.compile(r"end[ \t]*(?=[\r\n]|\Z)")


def holds_file(text: str) -> bool:
    """Whether a mail program may find a file in a text: by its data, or by its name alone.

    Thunderbird, for one, shows such a file in the mail as what its name says, where the text has no
    Content-Type (mailnews/mime/src/mimeunty.cpp). It decodes any character, and lines of any length
    (mimeenc.cpp), so that the data need not look like any.
    """
    if "begin " not in text:  # nor then `=ybegin `
        return False
    return _NAMED.search(text) is not None or bool(uuencoded_blocks(text))


def uuencoded_blocks(text: str) -> list[tuple[int, int]]:
    """Return the spans of the uuencoded files in a text, from `begin` to `end`, in order.

    A line that only begins with `begin 644 ` is none, though Outlook once took it for one.
    """
    blocks: list[tuple[int, int]] = []
    if "begin " not in text:
        return blocks
    for match in _BEGIN.finditer(text):
        lines = _LINES.match(text, match.end())
        assert lines is not None, "the pattern matches anything"
        if not lines[0] or not _is_data(lines[0]):
            continue
        end = _END.match(text, lines.end())
        blocks.append((match.start(), end.end() if end is not None else lines.end()))
    return blocks


def _is_data(lines: str) -> bool:
    """Whether one of the first of these lines is as long as its first character says.

    Not all need be: white space at the end of a line, which stands for zeros, may be lost on the way.
    """
    return any(_is_whole(line) for line in re.split(r"[\r\n]+", lines, maxsplit=_LINES_TRIED)[:_LINES_TRIED])


def _is_whole(line: str) -> bool:
    if not line:
        return False
    octets = (ord(line[0]) - 0x20) & 0x3F
    # The last group may be cut short, and a check may follow.
    return octets > 0 and -(-octets * 4 // 3) < len(line) <= -(-octets // 3) * 4 + 2
