"""`backstamp links`: what it says and what it writes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from backstamp.app import keyfile
from backstamp.tokens import seal_link, seal_pixel
from tests.app.in_process import Done, Here

Run = Callable[..., Done]


@pytest.fixture
def links(installed: Path, here: Here) -> Run:
    return partial(here, "links")


def test_links_and_messages_are_switched_off_listed_and_switched_on(tmp_path: Path, links: Run) -> None:
    ring = keyfile.read(tmp_path / "data" / "keys.json")
    token = seal_link(
        ring, domain_id=1, tracking_id=0xABC, recipient_index=2, link_number=3, url="https://a.example/"
    )
    copy = "link 3 of message 0000000000000abc in the copy of recipient 2"
    assert links("kill", f"http://localhost:8025/{token}?utm=1")[:2] == (
        0,
        f"{copy}: switched off; the edge obeys within two seconds while the worker runs\n",
    )
    assert links("kill", token, "--all-copies")[0] == 0
    assert links("kill", "0000000000000DEF")[:2] == (
        0,
        "all links of message 0000000000000def: switched off; the edge obeys within two seconds while the"
        " worker runs; no message on record has this number: is it the right one?\n",
    )
    code, listed, _ = links("list")
    assert [line.split("UTC  ")[1].partition("  (")[0] for line in listed.splitlines()] == [
        copy,
        "link 3 of message 0000000000000abc in every copy",
        "all links of message 0000000000000def",
    ]
    _, said, _ = links("revive", token)
    assert said.endswith("; still off: link 3 of message 0000000000000abc in every copy\n")
    code, _, said = links("revive", token)
    assert code == 1
    assert "was not switched off as such; still off: link 3 of message 0000000000000abc in every copy" in said
    assert links("revive", token, "--whole-message")[0] == 0
    assert links("list")[1].count("\n") == 1

    pixel = seal_pixel(ring, domain_id=1, tracking_id=0xABC)
    assert links("kill", pixel) == (
        2,
        "",
        "backstamp: that is a pixel; add --whole-message to mean its message\n",
    )
    assert links("kill", pixel, "--whole-message")[1].startswith("all links of message 0000000000000abc:")


def test_hosts_and_urls_are_switched_off_listed_and_switched_on(tmp_path: Path, links: Run) -> None:
    ring = keyfile.read(tmp_path / "data" / "keys.json")
    ours = seal_link(
        ring,
        domain_id=1,
        tracking_id=1,
        recipient_index=0,
        link_number=0,
        url="https://www.evil.example/x?y=1",
    )
    host = "host evil.example with its subdomains, in whatever mail"
    assert links("kill", "--host", "EVIL.example.")[:2] == (
        0,
        f"{host}: switched off; the edge obeys within two seconds while the worker runs\n",
    )
    url = "URL www.evil.example/x?y=1 in whatever mail"
    assert links("kill", "--url", f"http://localhost:8025/{ours}")[1].startswith(f"{url}: switched off;")
    listed = links("list")[1].splitlines()
    assert [line.split("UTC  ")[1].partition("  (")[0] for line in listed] == [host, url]
    code, said, _ = links("revive", "--url", "https://www.evil.example:8443/x?y=1#z")
    assert (code, said.rpartition("; ")[2]) == (0, f"still off: {host}\n")


def test_what_names_no_host_or_url_is_refused_in_one_line(links: Run) -> None:
    assert links("kill", "--host", "evil.example/path") == (
        2,
        "",
        "backstamp: evil.example/path is more than a host\n",
    )
    code, said, failed = links("kill", "x", "--host", "a.example")
    assert (code, said) == (2, "")
    assert "give one of TOKEN, URL or MESSAGE, --host and --url" in failed


@pytest.mark.parametrize("what", ["A" * 48, "https://[", "xyz"])
def test_what_is_no_link_of_ours_is_refused_in_one_line(links: Run, what: str) -> None:
    code, said, failed = links("kill", what)
    assert (code, said) == (2, "")
    assert failed == (
        "backstamp: not ours: no key of this installation opens it, and it names no message; "
        "for a URL or host in whatever mail give it with --url or --host\n"
    )


def test_a_token_is_shown_with_a_key_file_alone(tmp_path: Path, here: Here) -> None:
    ring = keyfile.ensure(tmp_path / "saved.json")
    token = seal_pixel(ring, domain_id=1, tracking_id=0xABC)
    _, shown, _ = here("token", "show", "--keys", str(tmp_path / "saved.json"), token)
    assert '"message": "0000000000000abc"' in shown
    assert not (tmp_path / "data").exists()
