"""Bounces and mails that others collected."""

from collections import defaultdict
from pathlib import Path

import pytest

from backstamp.mail.reports import Action, ReportKind, read_report
from tests.corpus import corpus

LINE_ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}


def expected(folder: Path) -> dict[str, tuple[set[str], bool]]:
    """Recipients in lower case, and whether the delivery is still tried, by file."""
    found: dict[str, tuple[set[str], bool]] = defaultdict(lambda: (set(), False))
    for line in (folder / "EXPECTED.tsv").read_text().splitlines():
        if line.startswith(("#", "detector\t")):
            continue
        _, name, temporary, addresses = [*line.split("\t"), ""][:4]
        known, late = found[name]
        found[name] = (
            known | {each.lower() for each in addresses.split(",") if each},
            late or temporary == "1",
        )
    return found


@pytest.mark.parametrize("end", LINE_ENDS)
def test_recipients_and_outcomes_of_mailmans_bounces(end: str) -> None:
    folder = corpus("bounce-flufl")
    wrong = []
    files = expected(folder)
    for name, (addresses, late) in files.items():
        raw = (folder / name).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", LINE_ENDS[end])
        report = read_report(raw)
        got = (
            {r.address.lower() for r in report.recipients if r.address}
            if report.kind is ReportKind.DSN
            else set()
        )
        is_late = any(r.action is Action.DELAYED for r in report.recipients)
        if got != addresses or (addresses and is_late != late):
            wrong.append((name, got, addresses))
    print(f"{end}: {len(files) - len(wrong)} of {len(files)} right; wrong: {wrong}")
    assert len(wrong) <= 0.02 * len(files)


def test_ruby_bounces_are_bounces_and_the_others_are_not() -> None:
    folder = corpus("bounce-livebg")
    for path in (folder / "bounces").iterdir():
        report = read_report(path.read_bytes())
        assert report.kind is ReportKind.DSN, path.name
        assert all(r.address for r in report.recipients), path.name
    for path in (folder / "non_bounces").iterdir():
        assert read_report(path.read_bytes()).kind is not ReportKind.DSN, path.name


def test_no_ordinary_mail_is_called_a_report() -> None:
    told = {}
    for folder in sorted(corpus("").glob("mail-*")):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                raw = path.read_bytes()
                kind = read_report(raw).kind
                if kind in (ReportKind.DSN, ReportKind.MDN, ReportKind.FEEDBACK):
                    told[path.name] = raw.lower()
    signs = (b"mailer-daemon", b"postmaster", b"delivery-status", b"undeliver", b"delivery subsystem")
    assert told, "some are"
    assert [name for name, raw in told.items() if not any(sign in raw for sign in signs)] == []
