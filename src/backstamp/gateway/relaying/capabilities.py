"""capabilities: the extensions that a server offers in its EHLO reply (RFC 5321 §4.1.1.1)."""

from collections.abc import Mapping

import msgspec

from backstamp.gateway.protocol.reply import Reply

HANDED_ON = ("8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")
"""Extensions that we offer exactly when the next hop does, since it is the one to carry them out."""

NAMED_IN_COMMANDS = frozenset({"8BITMIME", "SMTPUTF8", "DSN"})
"""Those of them by which a command is refused where they are not offered."""


class Capabilities(msgspec.Struct, frozen=True):
    """EHLO keywords in upper case, each with what stands behind it."""

    keywords: Mapping[str, str] = {}

    def __contains__(self, keyword: object) -> bool:
        return keyword in self.keywords

    @property
    def max_size(self) -> int | None:
        """The largest message it takes in octets, or None where it names none (RFC 1870 §4)."""
        size = self.keywords.get("SIZE", "")
        return int(size) if size.isascii() and size.isdigit() and len(size) <= 20 and int(size) else None

    def words(self, keyword: str) -> frozenset[str]:
        """Return the words behind a keyword, in upper case."""
        return frozenset(self.keywords.get(keyword, "").upper().split())


def read_capabilities(ehlo: Reply) -> Capabilities:
    """Return what an EHLO or LHLO reply offers. AUTH is also read in its old form with "="."""
    keywords: dict[str, str] = {}
    for line in ehlo.lines[1:]:
        keyword, _, words = line.partition(" ")
        if keyword.upper().startswith("AUTH="):
            keyword, words = "AUTH", f"{keyword[5:]} {words}"
        keywords.setdefault(keyword.upper(), words.strip())
    return Capabilities(keywords)
