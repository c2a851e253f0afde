"""`backstamp rewrite` and `backstamp unwrap` on files and standard input."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner, Result

from backstamp.app.commands.rewrite import rewrite
from backstamp.app.commands.unwrap import unwrap
from backstamp.app.keyfile import KeyFileError
from backstamp.app.settings import Settings, load
from backstamp.tokens import Keyring, LinkToken, PixelToken, open_token

RING = Keyring.create(bytes(32), bytes(range(32)), 0)
BASE = "https://t.example.net"
MESSAGE = (
    b"From: a@example.com\r\nMessage-ID: <1@example.com>\r\nContent-Type: text/html\r\n\r\n"
    b'<p><a href="https://example.com/a?b=1&amp;c=2">x</a> <a href="mailto:a@example.com">y</a></p>\r\n'
)


@dataclass
class Context:
    """Stands for the application's context: a key ring, a tracking host and the defaults of all settings."""

    ring: Keyring | None = RING
    tracking_url: str = BASE
    settings: Settings = field(default_factory=lambda: load(None, {}))

    def keyring(self) -> Keyring:
        if self.ring is None:
            raise KeyFileError("no key file")
        return self.ring


def run_rewrite(*arguments: str, message: bytes = MESSAGE) -> Result:
    return CliRunner().invoke(rewrite, list(arguments), input=message, obj=Context())


def run_unwrap(*arguments: str, message: bytes, context: Context | None = None) -> Result:
    return CliRunner().invoke(unwrap, list(arguments), input=message, obj=context or Context())


def tokens(raw: bytes) -> list[PixelToken | LinkToken | None]:
    pieces = raw.decode().split(f'"{BASE}/')[1:]
    return [open_token(RING, piece.partition('"')[0]) for piece in pieces]


def test_the_rewritten_message_holds_tokens_that_open() -> None:
    result = run_rewrite()
    assert result.exit_code == 0
    link, pixel = tokens(result.stdout_bytes)
    assert isinstance(link, LinkToken)
    assert (link.url, link.link_number, link.recipient_index) == ("https://example.com/a?b=1&c=2", 1, None)
    assert isinstance(pixel, PixelToken)
    assert pixel.tracking_id == link.tracking_id


def test_a_recipient_is_sealed_when_named() -> None:
    link, pixel = tokens(run_rewrite("--recipient", "bob@example.org").stdout_bytes)
    assert isinstance(link, LinkToken)
    assert link.recipient_index == 0
    assert isinstance(pixel, PixelToken)
    assert pixel.recipient_key == RING.recipient_key("bob@example.org")


def test_the_same_message_gives_the_same_bytes() -> None:
    assert run_rewrite().stdout_bytes == run_rewrite().stdout_bytes


def test_received_mail_gets_no_pixel_unless_asked() -> None:
    assert b"<img" not in run_rewrite("--direction", "inbound").stdout_bytes
    assert b"<img" in run_rewrite("--direction", "inbound", "--opens").stdout_bytes


def test_with_both_off_the_message_is_the_same() -> None:
    assert run_rewrite("--no-opens", "--no-links").stdout_bytes == MESSAGE


def test_unwrap_with_the_manifest_gives_the_exact_original(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    rewritten = run_rewrite("--manifest", str(manifest)).stdout_bytes
    assert [each.get("skip_reason") for each in json.loads(manifest.read_bytes())["candidates"]] == [
        None,
        "mailto",
    ]
    result = run_unwrap("--manifest", str(manifest), message=rewritten)
    assert result.stdout_bytes == MESSAGE


def test_unwrap_with_the_keys_alone_gives_the_links_back_and_takes_the_pixel_out() -> None:
    assert run_unwrap(message=run_rewrite().stdout_bytes).stdout_bytes == MESSAGE


def test_unwrap_reads_a_link_as_a_browser_does() -> None:
    rewritten = run_rewrite().stdout_bytes
    respelled = rewritten.replace(b'href="' + f"{BASE}/".encode(), b'href="HTTP:\\\\T.other.example\\')
    assert respelled != rewritten
    assert run_unwrap(message=respelled).stdout_bytes == MESSAGE


def test_unwrap_with_other_keys_changes_nothing() -> None:
    rewritten = run_rewrite().stdout_bytes
    other = Context(Keyring.create(b"x" * 32, bytes(32), 0))
    assert run_unwrap(message=rewritten, context=other).stdout_bytes == rewritten


def test_foreign_wrappers_are_unwrapped_when_asked_even_without_keys() -> None:
    wrapped = b"Subject: x\r\n\r\nhttps://www.google.com/url?q=https%3A%2F%2Fexample.com%2Fa&sa=D\r\n"
    assert run_unwrap(message=wrapped).stdout_bytes == wrapped
    result = run_unwrap("--foreign", message=wrapped, context=Context(None))
    assert result.stdout_bytes == b"Subject: x\r\n\r\nhttps://example.com/a\r\n"


def test_the_diff_is_for_people_and_safe_for_their_terminal() -> None:
    hostile = MESSAGE.replace(b"mailto:a@", "mailto:\x1b[2J\u202e@".encode())
    output = run_rewrite("--diff", message=hostile).stdout
    assert "- a  https://example.com/a?b=1&c=2" in output
    assert "1 link tracked, 1 skipped: a mail address" in output
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_a_broken_manifest_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text('{"candidates": 7}')
    result = run_unwrap("--manifest", str(path), message=MESSAGE)
    assert result.exit_code != 0
    assert result.stderr.startswith("Error: not a manifest: ")
    assert result.stderr.count("\n") == 1
