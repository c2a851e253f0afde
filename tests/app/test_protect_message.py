"""`backstamp protect message`: received mail through a pipe."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from backstamp.app import keyfile
from backstamp.app.cli import cli
from backstamp.journal import JournalReader
from backstamp.policy import OnKnownBad, OnUnprotected
from backstamp.shared_files import publish_snapshot
from backstamp.tokens import LinkToken, open_token
from backstamp.vocabulary import Delivery, EventType, Origin, Queued
from tests.app.test_cli import backstamp
from tests.gateway.running import HTML, TRACKING_URL
from tests.gateway.test_protection import ANN, BEN, CAT, FORM, SIGNED, URL, guarded, list_bad

LF = HTML.replace(b"\r\n", b"\n")
OURS = re.compile(re.escape(TRACKING_URL.encode()) + rb'/([A-Za-z0-9_-]+)"')


class Installation:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.data.mkdir(mode=0o700)
        self.ring = keyfile.ensure(self.data / "keys.json")

    def policy(self, **changes: Any) -> None:
        publish_snapshot(self.data / "snapshot", guarded(**changes))

    def filter(self, mail: bytes, *to: str, more: tuple[str, ...] = ()) -> subprocess.CompletedProcess[bytes]:
        words = [word for address in to for word in ("--for", address)]
        return backstamp(self.folder, "protect", "message", *words, *more, stdin=mail)

    def tokens(self, mail: bytes) -> list[LinkToken]:
        ring = keyfile.read(self.data / "keys.json")
        found = [open_token(ring, token.decode()) for token in OURS.findall(mail)]
        return [token for token in found if isinstance(token, LinkToken)]

    def records(self) -> list[Any]:
        return [record for _, record in JournalReader(self.data / "journal").read({}, 100).records]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path)
    made.policy()
    return made


@pytest.mark.parametrize("envelope", [b"", b"From eve@example.org Mon Jan  1 10:00:00 2024\n"])
def test_a_mail_comes_out_guarded_marked_and_recorded(installation: Installation, envelope: bytes) -> None:
    done = installation.filter(envelope + LF, ANN, more=("--from", "eve@example.org"))
    assert (done.returncode, done.stderr) == (0, b"")
    field = b"X-Backstamp-Protection: protect; links=1\n"
    assert done.stdout.startswith(envelope + field)
    (token,) = installation.tokens(done.stdout)
    assert (token.url, token.protected, token.domain_id, token.recipient_index) == (URL, True, 7, 0)
    sealed = OURS.search(done.stdout)
    assert sealed is not None
    assert done.stdout == envelope + field + LF.replace(URL.encode(), sealed[0].rstrip(b'"'))
    queued, delivery = installation.records()
    assert isinstance(queued, Queued)
    assert (queued.origin, queued.reverse_path, queued.tracking_id) == (
        *(Origin.FILTER, "eve@example.org"),
        token.tracking_id,
    )
    assert [each.address for each in queued.recipients] == [ANN]
    assert isinstance(delivery, Delivery)
    assert (delivery.type, delivery.recipient_index) == (EventType.SENT, 0)


def test_words_that_are_an_address_lose_their_scheme_where_the_setting_says_so(
    installation: Installation,
) -> None:
    mail = LF.replace(b"</body>", b'<a href="https://b.example/">https://b.example/x</a></body>')
    assert b">https://b.example/x</a>" in installation.filter(mail, ANN).stdout
    (installation.folder / "backstamp.toml").write_text('[protection]\nshown_urls = "without_scheme"\n')
    assert b">b.example/x</a>" in installation.filter(mail, ANN).stdout


def test_each_of_several_has_a_copy_in_a_folder(installation: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    done = installation.filter(LF, ANN, BEN, CAT, more=("--into", str(folder)))
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.decode().splitlines()]
    assert [address for address, _ in lines] == [ANN, BEN, CAT]
    ann, ben, cat = (Path(path).read_bytes() for _, path in lines)
    assert [t.recipient_index for mail in (ann, ben) for t in installation.tokens(mail)] == [0, 1]
    assert cat == LF
    again = installation.filter(LF, ANN, BEN, more=("--into", str(folder)))
    assert again.returncode == 75, "a copy is never written over"
    assert again.stderr.decode() == f"backstamp: put off: {folder}/1.eml: File exists\n"


def test_copies_of_a_try_that_failed_are_not_left_in_the_way_of_the_next(
    installation: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "2.eml").write_bytes(b"another's")
    failed = installation.filter(LF, ANN, BEN, more=("--into", str(folder)))
    assert (failed.returncode, failed.stdout, failed.stderr.count(b"\n")) == (75, b"", 1)
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("2.eml", b"another's")]
    (folder / "2.eml").unlink()
    assert installation.filter(LF, ANN, BEN, more=("--into", str(folder))).returncode == 0
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(("size", "code"), [(1000, 0), (1001, 65)])
def test_no_more_is_read_than_the_largest_message(installation: Installation, size: int, code: int) -> None:
    done = backstamp(
        installation.folder,
        *("protect", "message", "--for", ANN),
        stdin=LF.ljust(size, b"\n"),
        settings={"BACKSTAMP_GATEWAY_MAX_SIZE": "1000"},
    )
    assert (done.returncode, done.stderr.count(b"\n"), bool(done.stdout)) == (code, code > 0, code == 0)


def test_octets_that_are_no_utf8_in_the_envelope_hold_no_mail_up(installation: Installation) -> None:
    done = installation.filter(LF, ANN, more=("--from", os.fsdecode(b"\xffeve@example.org")))
    assert (done.returncode, done.stderr) == (0, b"")
    assert installation.records()[0].reverse_path == "\N{REPLACEMENT CHARACTER}eve@example.org"


@pytest.mark.parametrize(
    ("how", "mail", "code", "said"),
    [
        (OnUnprotected.DEFER, SIGNED, 75, b"451 4.7.1 The links of this message cannot be checked now"),
        (OnUnprotected.REFUSE, SIGNED, 77, b"550 5.7.1 This domain refuses mail"),
        (OnUnprotected.MARK, FORM, 0, b""),
    ],
)
def test_what_cannot_be_guarded_goes_by_the_policy(
    installation: Installation, how: OnUnprotected, mail: bytes, code: int, said: bytes
) -> None:
    installation.policy(on_unprotected=how)
    done = installation.filter(mail, ANN)
    assert done.returncode == code
    assert done.stderr.startswith(b"backstamp: " + said if said else b"")
    assert done.stderr.count(b"\n") == bool(said)
    assert bool(done.stdout) is (code == 0)


def test_known_bad_mail_is_refused(installation: Installation) -> None:
    installation.policy(on_known_bad=OnKnownBad.REFUSE)
    list_bad(installation.data)
    done = installation.filter(LF, ANN)
    assert (done.returncode, done.stdout) == (77, b"")
    queued, delivery = installation.records()
    assert queued.findings
    assert delivery.type is EventType.REJECTED


def test_what_goes_wrong_makes_the_mail_wait(installation: Installation) -> None:
    (installation.data / "snapshot").unlink()
    waits = installation.filter(LF, ANN)
    assert (waits.returncode, waits.stdout) == (75, b"")
    assert (
        waits.stderr == b"backstamp: 451 4.3.0 The link protection has no policy yet, try again in a moment\n"
    )
    installation.policy()
    (installation.data / "keys.json").unlink()
    assert installation.filter(LF, ANN).returncode == 75
    broken = backstamp(installation.folder, "--config", "absent.toml", "protect", "message", "--for", ANN)
    assert (broken.returncode, broken.stdout, broken.stderr.count(b"\n")) == (65, b"", 1)
    unread = backstamp(
        installation.folder, "--config", "absent.toml", "protect", "message", "--for", ANN, stdin=LF
    )
    assert (unread.returncode, unread.stdout, unread.stderr.count(b"\n")) == (75, b"", 1)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 64),
        (("--for", "nobody"), 64),
        (("--for", ANN, "--for", BEN), 64),
        (("--for", ANN, "--whim"), 64),
        (("--for", ANN), 65),
    ],
)
def test_a_wrong_call_ends_as_those_of_other_filters_do(words: tuple[str, ...], code: int) -> None:
    done = CliRunner().invoke(cli, ["protect", "message", *words], standalone_mode=False)
    if isinstance(done.exception, click.UsageError):
        assert (done.exception.exit_code, done.stdout) == (code, "")
    else:
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (code, "", 1)
