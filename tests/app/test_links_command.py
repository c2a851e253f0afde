"""`backstamp links`: what it says and what it writes."""

from pathlib import Path

import pytest

from backstamp.app import keyfile
from backstamp.tokens import seal_link, seal_pixel
from tests.app.test_cli import backstamp


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert backstamp(tmp_path, "migrate").returncode == 0
    return tmp_path


def links(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = backstamp(folder, "links", *arguments)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_links_and_messages_are_switched_off_listed_and_switched_on(folder: Path) -> None:
    ring = keyfile.read(folder / "data" / "keys.json")
    token = seal_link(
        ring, domain_id=1, tracking_id=0xABC, recipient_index=2, link_number=3, url="https://a.example/"
    )
    copy = "link 3 of message 0000000000000abc in the copy of recipient 2"
    assert links(folder, "kill", f"http://localhost:8025/{token}?utm=1")[:2] == (
        0,
        f"{copy}: switched off; the edge obeys within two seconds while the worker runs\n",
    )
    assert links(folder, "kill", token, "--all-copies")[0] == 0
    assert links(folder, "kill", "0000000000000DEF")[0] == 0
    code, listed, _ = links(folder, "list")
    assert [line.split("UTC  ")[1].partition("  (")[0] for line in listed.splitlines()] == [
        copy,
        "link 3 of message 0000000000000abc in every copy",
        "all links of message 0000000000000def",
    ]
    _, said, _ = links(folder, "revive", token)
    assert said.endswith("; still off: link 3 of message 0000000000000abc in every copy\n")
    code, _, said = links(folder, "revive", token)
    assert code == 1
    assert "was not switched off as such; still off: link 3 of message 0000000000000abc in every copy" in said
    assert links(folder, "revive", token, "--whole-message")[0] == 0
    assert links(folder, "list")[1].count("\n") == 1

    pixel = seal_pixel(ring, domain_id=1, tracking_id=0xABC)
    assert links(folder, "kill", pixel)[2] == (
        "backstamp: that is a pixel; add --whole-message to mean its message\n"
    )
    assert links(folder, "kill", pixel, "--whole-message")[1].startswith(
        "all links of message 0000000000000abc:"
    )


@pytest.mark.parametrize("what", ["A" * 48, "https://[", "", "xyz"])
def test_what_is_no_link_of_ours_is_refused_in_one_line(folder: Path, what: str) -> None:
    code, said, failed = links(folder, "kill", what)
    assert (code, said) == (1, "")
    assert failed == ("backstamp: not ours: no key of this installation opens it, and it names no message\n")


def test_a_token_is_shown_with_a_key_file_alone(tmp_path: Path) -> None:
    ring = keyfile.ensure(tmp_path / "saved.json")
    token = seal_pixel(ring, domain_id=1, tracking_id=0xABC)
    shown = backstamp(tmp_path, "token", "show", "--keys", str(tmp_path / "saved.json"), token)
    assert b'"message": "0000000000000abc"' in shown.stdout
    assert not (tmp_path / "data").exists()
