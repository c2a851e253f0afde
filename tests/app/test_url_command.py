"""`backstamp url`: URLs in, lines out."""

import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from backstamp.app.commands.url import url
from backstamp.app.context import AppContext
from backstamp.shared_files import publish_lists
from backstamp.shared_files.answers_file import publish_answers
from backstamp.threats.answers import Answers, Confirmed
from backstamp.threats.lists import Source, SourceEntries
from backstamp.urls.safe_browsing import full_hash
from backstamp.vocabulary import ThreatType
from tests.app.in_process import Here
from tests.urls.safe_browsing_examples import CANONICAL


def lines(*arguments: str, stdin: bytes = b"") -> list[str]:
    done = CliRunner().invoke(url, arguments, input=stdin)
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_canonical_forms_are_printed_one_a_line() -> None:
    assert lines("canonical", "http://WWW.a.example:80/%2531", "b.example") == [
        "http://www.a.example/1",
        "http://b.example/",
    ]
    given = b"".join(text.replace(b"\n", b"").replace(b"\r", b"") + b"\r\n" for text, _ in CANONICAL)
    assert lines("canonical", stdin=b"\n" + given) == [form for _, form in CANONICAL]


def test_expressions_are_printed_with_their_hashes() -> None:
    assert lines("expressions", "http://a.b.example/x?y") == [
        "a.b.example/x?y",
        "a.b.example/x",
        "a.b.example/",
        "b.example/x?y",
        "b.example/x",
        "b.example/",
    ]
    assert lines("expressions", "--hashes", stdin=b"http://foo.com/\n") == [
        "af30010e4c011fc77e1ab03ef898ab2f8dec17c0bd178a875ad0cd9b7a6e5973 foo.com/"
    ]


def test_check_tells_what_lists_and_looks_say(tmp_path: Path, here: Here) -> None:
    (tmp_path / "data").mkdir()
    entries = SourceEntries(Source("urlhaus", ThreatType.MALWARE), [full_hash("evil.example/")], days=20_000)
    publish_lists(tmp_path / "data" / "threats.lists", [entries])
    wrapped = "https://nam01.safelinks.protection.outlook.com/?url=http%3A%2F%2Fme%40evil.example%2F&data=05"
    done = here("url", "check", stdin=f"{wrapped}\nhttp://good.example/\n".encode())
    assert (done.returncode, done.stderr) == (0, "")
    bad, good = map(json.loads, done.stdout.splitlines())
    assert bad["url"] == wrapped
    assert bad["canonical"].startswith("https://nam01.safelinks.protection.outlook.com/?url=http://me@evil")
    assert bad["findings"][0] == {
        "threat_type": "malware",
        "reason": "listed_host",
        "source": "urlhaus",
        "detail": "evil.example/",
        "since_us": 20_000 * 86_400_000_000,
    }
    assert [finding["reason"] for finding in bad["findings"][1:]] == ["userinfo"]
    assert good == {"url": "http://good.example/", "canonical": "http://good.example/", "findings": []}


def test_check_tells_what_publishers_have_answered(tmp_path: Path, here: Here) -> None:
    (tmp_path / "data").mkdir()
    hashes = {name: full_hash(f"{name}.example/") for name in ("evil", "clean", "unknown")}
    bare = Source("safe-browsing/se-4b", ThreatType.PHISHING, 4, bare=True)
    publish_lists(tmp_path / "data" / "threats.lists", [SourceEntries(bare, list(hashes.values()))])
    later = time.time_ns() // 1000 + 3_600_000_000
    confirmed = Confirmed(ThreatType.PHISHING, "safe-browsing", 1, later)
    asked = {hashes["evil"][:4]: later, hashes["clean"][:4]: later}
    publish_answers(tmp_path / "data" / "threats.answers", Answers({hashes["evil"]: (confirmed,)}, asked))
    done = here("url", "check", *(f"http://{name}.example/" for name in hashes))
    evil, clean, unknown = (json.loads(line)["findings"] for line in done.stdout.splitlines())
    assert [(each["source"], each.get("confirmed", True)) for each in evil] == [("safe-browsing", True)]
    assert clean == []
    assert [(each["source"], each["confirmed"]) for each in unknown] == [("safe-browsing/se-4b", False)]


def test_check_works_without_lists_and_finds_likenesses_of_own_domains(tmp_path: Path, here: Here) -> None:
    done = here("url", "check", "--own", "northwind.example", "http://northw1nd.example/")
    (answer,) = map(json.loads, done.stdout.splitlines())
    assert [finding["reason"] for finding in answer["findings"]] == ["looks_like_own"]
    assert not (tmp_path / "data").exists()


def test_bytes_that_are_no_text_are_looked_up_as_bytes(here: Here) -> None:
    done = here("url", "check", os.fsdecode(b"http://\xff.example/"))
    assert json.loads(done.stdout) == {
        "url": "http://\\xff.example/",
        "canonical": "http://%FF.example/",
        "findings": [],
    }


@pytest.mark.parametrize("command", ["canonical", "expressions", "check"])
@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["mailto:a@b.example"], b"", "not an http(s) URL: 'mailto:a@b.example'"),
        ([""], b"", "not an http(s) URL: ''"),
        ([], b"http://a.example/\n\ntel:\x1b[31m\xff\n", "line 3: not an http(s) URL: 'tel:\\x1b[31m\\xff'"),
        ([], b"a" * 2_000_000, "a line of more than 1048576 bytes"),
    ],
    ids=["mail", "empty", "control", "long"],
)
def test_what_is_no_url_ends_with_one_line(
    command: str, arguments: list[str], stdin: bytes, words: str
) -> None:
    done = CliRunner().invoke(url, [command, *arguments], input=stdin, obj=AppContext(None))
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [f"Error: {words}"]
