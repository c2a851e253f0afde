"""Notices of failed and late delivery that follow no standard: whether a text is one, and whom it is about.

There are as many forms as there were mail servers, so no form is known here by name.  What they share:
a sentence that says what happened, addresses at telling places, and a line behind which the returned
mail stands.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from backstamp.mail.reports.outcome import good_news
from backstamp.mail.reports.phrases import answer_prefix, ending_in, lines_saying, saying
from backstamp.mail.reports.replies import code_in, status_in

_FORWARDED: Final = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc|i|pd|vb|转发|轉寄|転送)\s*[:：]", re.IGNORECASE)

# Scripts that are written with blanks between words: in others a sentence would stick to its addresses.
_ATEXT: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\u0dff-]"
_LETTER: Final = r"[A-Za-z0-9\x80-\u0dff]"
ADDRESS: Final = re.compile(
    r"(?<![A-Za-z0-9!#$%&*+/?^_`{|}~.@-])("
    # Carriers of Japan gave out addresses with two dots in a row, and dots before the @.
    rf"(?:{_ATEXT}(?:{_ATEXT}|\.{{1,2}}(?!\.)){{0,127}}|\"[^\"\r\n@]{{1,64}}\")"
    rf"@{_LETTER}(?:{_LETTER}|-){{0,62}}(?:\.(?:{_LETTER}|-){{1,63}}){{1,8}}"
    r"(?![A-Za-z0-9_@-])"
    r"|(?<=<)[^\s<>@\"\x00-\x1f]{1,64}@[^\s<>@\"\x00-\x1f.]{1,63}(?:\.[^\s<>@\"\x00-\x1f.]{1,63}){1,8}(?=>))"
)
_ONLY: Final = re.compile(
    r"^[^\w@]*(?:smtp|mailto|rfc822|to|recipient|address|e-?mail|failed)?[^\w@]{0,4}$", re.IGNORECASE
)
_BEHIND: Final = re.compile(
    r"^[>\"'\])]{0,3}\s*(?:$|\.{3}|[:;,]|-{1,2}\s|\("
    r"|\b(?:on|is|was|not|has)\s|\b(?:failed|unknown|does)|User|Action)",
    re.IGNORECASE,
)
_COMMA: Final = re.compile(r"[>\"')\]]{0,3}\s{0,3}[,;]\s{0,3}[<\"'(\[]{0,3}")
"""What stands between the addresses of a list, which are all at the place of the first."""
_PREFIX: Final = re.compile(r"(?:smtp|rfc822|mailto)[=:]", re.IGNORECASE)
_OF_A_HEADER: Final = re.compile(
    r"^[\s>|*]{0,12}(to|cc|bcc|from|subject|sent|date|message-id|betreff|von|gesendet|asunto|objet|oggetto)"
    r"[ \t]{0,4}[:：]",
    re.IGNORECASE,
)
"""A line of the header that Exchange and others show people of the mail that failed."""
_FROM: Final = r"(?:expanded|generated|forwarded|redirected) (?:from|by)"
_ALIAS: Final = re.compile(rf"{_FROM}\W{{0,12}}$", re.IGNORECASE)
_FROM_AN_ALIAS: Final = re.compile(
    rf"\((?:\w{{1,20}} )?{_FROM}:?\s{{1,20}}<?{ADDRESS.pattern}>?\)", re.IGNORECASE
)
"""What Exim, Postfix and Sendmail put behind an address to which an alias led."""
_COMMAND: Final = re.compile(r"RCPT TO:\s*<?$", re.IGNORECASE)
_REPLY_LINE: Final = re.compile(r"^\W{0,6}[245]\d\d[ -]")
_BARE: Final = re.compile(r"^[ \t]+<?([A-Za-z0-9][\w.+-]{1,63})>?[ \t]*$", re.MULTILINE)
_INTRODUCTION: Final = re.compile(r"[:：][ \t]*\n(?:[ \t]*\n){0,2}\Z")

_NEAR_ADDRESS: Final = 200
"""Characters before and behind an address that are looked at."""
CERTAIN, TELLING, LIKELY, SOME = 4, 3, 2, 1
_MOST_ADDRESSES: Final = 400
_NEAR: Final = 120
"""Characters around the words of a failure in which it is said that a mail failed."""


class Signs(NamedTuple):
    """What tells that a mail is a notice.

    Attributes:
        by_daemon: From is an address that no person has.
        by_office: From is a postmaster's.
        by_name: From has the name of a mail system.
        null_path: the reverse path is null, or a daemon's.
        answers: a field says that it answers another mail.
        listed: it comes through a list.
        returned: another mail is in it.
        attached: as a part of its own, not in the text.
        reports: its media type is that of a report.
        sender: the address of From in lower case, or "".
    """

    subject: str
    by_daemon: bool = False
    by_office: bool = False
    by_name: bool = False
    null_path: bool = False
    answers: bool = False
    listed: bool = False
    returned: bool = False
    attached: bool = False
    reports: bool = False
    sender: str = ""

    @property
    def by_system(self) -> bool:
        """Whether no person sent it, even if other signs are those of an answer."""
        return self.by_daemon or self.by_office or self.by_name or self.reports

    @property
    def passed_on(self) -> bool:
        """Whether a person forwards it, or answers."""
        if self.by_system or self.null_path:
            return False
        return _FORWARDED.match(self.subject) is not None or self.is_answer

    @property
    def sounds_like_a_machine(self) -> bool:
        """Whether the subject is one that no person would write, but for answering it."""
        return saying("subject_of_a_machine").search(self.subject) is not None

    @property
    def has_machine_subject(self) -> bool:
        """Whether the subject is one that no person would write, and answers nothing."""
        return self.sounds_like_a_machine and answer_prefix().match(self.subject) is None

    @property
    def by_a_person(self) -> bool:
        """Whether nothing in its header says that it is a mail system's."""
        return not (self.by_system or self.null_path or self.sounds_like_a_machine)

    @property
    def is_answer(self) -> bool:
        """Whether it answers another mail: the subject says so, and a field, or an office has sent it."""
        by_people = self.answers or ((self.by_office or self.by_name) and not self.null_path)
        return by_people and answer_prefix().match(self.subject) is not None


def is_daemon(address: str) -> bool:
    """Whether an address is one that only mail systems have."""
    return saying("daemon").fullmatch(address.rpartition("@")[0] or address) is not None


def is_office(address: str) -> bool:
    """Whether an address is one of those who answer for a mail system."""
    local = address.partition("@")[0].rstrip("\\")
    return saying("office").fullmatch(local) is not None


def is_system_name(name: str) -> bool:
    """Whether a From, name and address, has the name of a mail system."""
    return saying("system_name").search(name[:300]) is not None


def is_notice(text: str, signs: Signs) -> bool:
    """Whether a text, without the returned mail, says that a mail did not arrive, or that it did.

    Parcels and payments are not delivered, too, and people write of bounces. So the less a sender is known
    for a mail system, the more must tell it: the words, the subject, and what only a machine would show.
    """
    own = [line for line in text.splitlines() if not line.lstrip().startswith((">", "|"))]
    words = "\n".join(own)
    if not (signs.returned or signs.reports) and _is_of_the_readers_mailbox(f"{signs.subject}\n{words}"):
        return False
    failed = any(saying(said).search(words) for said in ("failed", "late"))
    named = _names_somebody(own, signs.sender) or "\nfinal-recipient:" in words.lower()
    shows = signs.returned + (code_in(words) != 0 or status_in(words) != "") + named
    subject = saying("subject").search(signs.subject) is not None and not signs.is_answer
    if signs.by_daemon or signs.reports:
        # A daemon's report that got lost on its way has its subject left.
        empty = signs.by_daemon and signs.reports and signs.has_machine_subject
        # Whatever its language: what a daemon sends with the null path, and whom it lists there, is plain.
        listing = signs.by_daemon and signs.null_path and (named or signs.returned)
        tells = shows > 0 or ADDRESS.search(words) is not None
        return failed or (subject and tells) or empty or listing or good_news(words) is not None
    if signs.is_answer and not (signs.attached or signs.null_path):
        return False
    if not signs.returned and saying("to_many").search(words):
        return False
    goods = not signs.returned and saying("goods").search(words) is not None
    if goods and not shows:
        return False
    # Filters tell recipients, too, of what they stopped.
    filtered = saying("subject_of_a_filter").search(signs.subject) and saying("your_mail").search(words)
    by_machine = signs.sounds_like_a_machine or (signs.by_office and filtered is not None)
    enough = failed + subject + shows > 2 and (failed or subject)
    if signs.by_office and (enough or (by_machine and failed + shows > 0)):
        return True
    if signs.listed and not (signs.returned or lines_saying("heading").search(words)):
        return False
    if goods and shows < 2:
        return False
    about = _says_that_a_mail_failed(words)
    names = signs.returned or ADDRESS.search(words) is not None
    # Who writes as an office with the null path wants no answer, which no postmaster who is a person wants.
    if signs.null_path and about and names and (by_machine or signs.by_office or subject + shows > 1):
        return True
    if signs.by_name and about and subject and shows > 0:
        return True
    # Of somebody unknown a name on a line tells nothing, unless it is said whose mail it was.
    meant = named and (shows > 1 or saying("your_mail").search(words) is not None)
    return not signs.passed_on and by_machine and about and (signs.returned or meant)


def is_refusal(text: str, signs: Signs) -> bool:
    """Whether the text of a receipt says that a system did not take a mail."""
    return (signs.by_system or signs.null_path) and saying("failed").search(text) is not None


def _is_of_the_readers_mailbox(text: str) -> bool:
    """Whether a text begins with the reader's own mailbox.

    Behind a mail that failed "la sua casella" is "his mailbox": that of its recipient.
    """
    found = saying("own_mailbox").search(text)
    return found is not None and saying("failed").search(text, 0, found.start()) is None


def _says_that_a_mail_failed(words: str) -> bool:
    for said in ("failed", "late"):
        for match in islice(saying(said).finditer(words), 20):
            near = words[max(0, match.start() - _NEAR) : match.end() + _NEAR]
            if saying("about_mail").search(near):
                return True
    return False


def _names_somebody(lines: list[str], sender: str) -> bool:
    """Whether an address stands at the head of a line of its own, as only lists of recipients have it.

    That of `sender`, whose mail it is, is no recipient's.
    """
    for line in islice((line for line in lines if "@" in line), _MOST_ADDRESSES):
        found = list(islice(ADDRESS.finditer(line[:1_000]), 2))
        # "user@example.org" <user@example.org> is one.
        one = len({match[1].casefold() for match in found}) == 1 and found[0][1].casefold() != sender
        if one and _ONLY.match(line[: found[0].start()]) and _BEHIND.match(line[found[-1].end() :]):
            return True
    return False


def before_returned(text: str) -> str:
    """Return a notice without the mail that is returned below it, where a line says that it begins."""
    # The notice itself comes first, and a sentence about the copy may come before the addresses.
    begun = [m.end() for m in (ADDRESS.search(text), saying("failed").search(text)) if m is not None]
    if not begun:
        return text
    match = next((m for m in lines_saying("returned").finditer(text) if m.start() >= min(begun)), None)
    return text if match is None else text[: match.start()]


def addresses_in(text: str, writers: frozenset[str], readers: frozenset[str]) -> list[str]:
    """Return whom a notice is about, in order, from the most telling places; nobody twice.

    `writers` wrote the notice or the mail, and are only meant where nobody else is; `readers`, who get it,
    never are.
    """
    weighed = list(_weighed(text))
    return _best(weighed, writers | readers) or _best(weighed, readers, TELLING)


def _best(weighed: list[tuple[str, int]], not_these: frozenset[str], lowest: int = SOME) -> list[str]:
    best: dict[str, tuple[str, int]] = {}
    for address, weight in weighed:
        key = address.casefold()
        if key in not_these:
            continue
        if saying("role").fullmatch(address.rpartition("@")[0].partition("+")[0]) and weight < CERTAIN:
            weight = 0
        if key not in best or best[key][1] < weight:
            best[key] = (address, weight)
    for least in range(TELLING, max(lowest, LIKELY) - 1, -1):
        found = [address for address, weight in best.values() if weight >= least]
        if found:
            return found
    # At a place that tells nothing it is meant only if nobody else can be.
    (address, weight), *others = [*best.values(), ("", 0)]
    return [address] if weight >= lowest and len(others) == 1 else []


def aliases_in(text: str) -> dict[str, str]:
    """Return the addresses to which aliases led, in one spelling, and to which the mail was sent."""
    found: dict[str, str] = {}
    for alias in islice(_FROM_AN_ALIAS.finditer(text), _MOST_ADDRESSES):
        before = [
            match[1] for match in ADDRESS.finditer(text, max(0, alias.start() - _NEAR_ADDRESS), alias.start())
        ]
        if before:
            found.setdefault(before[-1].casefold(), alias[1])
    return found


def bare_names_in(text: str) -> list[str]:
    """Return local parts that stand alone on lines below "to the following recipients:" or the like."""
    failed = saying("failed").search(text)
    if failed is None:
        return []
    found = _BARE.finditer(text, failed.end())
    return [m[1] for m in found if _INTRODUCTION.search(text[max(0, m.start() - 50) : m.start()])][:20]


def shown_recipients_in(text: str) -> list[str]:
    """Return to whom the failed mail went by the header that a notice shows people: "To:" beside others."""
    lines = text.splitlines()
    shown = (line for at, line in enumerate(lines) if "@" in line and _is_shown_header(lines, at))
    named = [line for line in islice(shown, _MOST_ADDRESSES) if _header_name(line) in ("to", "cc", "bcc")]
    return [match[1] for line in named for match in islice(ADDRESS.finditer(line[:5_000]), _MOST_ADDRESSES)]


def _weighed(text: str) -> Iterator[tuple[str, int]]:
    lines = text.splitlines()
    number = 0
    for at, line in enumerate(lines):
        if len(line) > 5_000 or "@" not in line or _is_shown_header(lines, at):
            continue
        end, weight = 0, 0
        for match in ADDRESS.finditer(line):
            number += 1
            if number > _MOST_ADDRESSES:
                return
            listed = end > 0 and _COMMA.fullmatch(line, end, match.start()) is not None
            end = match.end()
            address = _PREFIX.sub("", match[1]).lstrip("'")
            if address.startswith("@"):
                continue
            # Only what is near tells; a line full of addresses would take its length squared.
            before = line[max(0, match.start() - _NEAR_ADDRESS) : match.start()]
            behind = line[match.end() : match.end() + _NEAR_ADDRESS]
            if match.start() > _NEAR_ADDRESS:
                before = f"words {before}"
            # The words that introduce it may stand at the end of the line above.
            above = (
                lines[at - 1].rstrip()[-_NEAR_ADDRESS:] if at and not before.strip(" \t<\"'[(*•-·") else ""
            )
            if not listed:
                weight = _weight(before, behind, above, _PREFIX.match(match[1]) is not None)
            yield address, weight


def _is_shown_header(lines: list[str], at: int) -> bool:
    """Whether a line is of the failed mail's header as people are shown it; "To:" counts beside others."""
    name = _header_name(lines[at])
    if name != "to":
        return name != ""
    near = lines[max(0, at - 3) : at] + lines[at + 1 : at + 4]
    return any(_header_name(line) not in ("", "to") for line in near)


def _header_name(line: str) -> str:
    headed = _OF_A_HEADER.match(line)
    return headed[1].lower() if headed is not None else ""


def _weight(before: str, behind: str, above: str, prefixed: bool) -> int:
    if _COMMAND.search(before):
        return CERTAIN
    if prefixed:
        return TELLING
    twice = ADDRESS.search(before)
    if (
        twice
        and behind.startswith(">")
        and _ONLY.match(before[: twice.start()])
        and not before[twice.end() :].strip(" \t<\"'")
    ):
        before = before[: twice.start()]  # "user@example.org" <user@example.org>
    plain = before.rstrip(" <\"'[(")
    if _ALIAS.search(plain):
        return SOME
    if ending_in("before_other").search(plain) or (
        not before.strip(" \t<\"'[(") and ending_in("before_other").search(above)
    ):
        return 0
    if _ONLY.match(before) and _BEHIND.match(behind):
        return TELLING
    if _ONLY.match(before) and before.rstrip().endswith("<") and behind.startswith(">"):
        return TELLING
    if ending_in("before_recipient").search(before) or ending_in("before_recipient").search(above):
        return TELLING if saying("failed").search(before + above) or not behind.strip(" .>\"')]") else LIKELY
    if _REPLY_LINE.match(before):
        return LIKELY
    return SOME
