"""`backstamp simulate` says in one line why it does nothing."""

from pathlib import Path

import pytest

from tests.app.test_cli import backstamp
from tests.database import give_database


def refused(folder: Path, settings: str, *arguments: str) -> tuple[int, str]:
    (folder / "backstamp.toml").write_text(settings)
    done = backstamp(folder, "simulate", *arguments)
    (line,) = done.stderr.decode().splitlines()
    assert not done.stdout
    return done.returncode, line


def test_mail_never_leaves_by_a_next_hop(tmp_path: Path) -> None:
    code, line = refused(tmp_path, '[gateway]\nnext_hop = "smtp://192.0.2.1:25"\n')
    assert code == 2
    assert "a next hop is set, so mail would really leave" in line


@pytest.mark.parametrize("trusted", ["[]", '["192.0.2.0/24"]'])
def test_an_edge_that_would_not_believe_the_addresses_is_named(tmp_path: Path, trusted: str) -> None:
    code, line = refused(tmp_path, f"[edge]\ntrusted_proxies = {trusted}\n")
    assert code == 2
    assert "edge.trusted_proxies lacks 127.0.0.1" in line


def test_a_truth_file_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    give_database(tmp_path / "data")
    code, line = refused(tmp_path, "", "--report", "--truth", "nothing.jsonl")
    assert (code, "nothing.jsonl: No such file" in line) == (1, True)
    (tmp_path / "bad.jsonl").write_text("{}\n")
    code, line = refused(tmp_path, "", "--report", "--truth", "bad.jsonl")
    assert (code, "bad.jsonl: line 1 is not of a truth file" in line) == (1, True)


@pytest.mark.parametrize("option", ["--rate", "--duration"])
def test_what_is_no_number_is_a_wrong_call(tmp_path: Path, option: str) -> None:
    code, line = refused(tmp_path, "", option, "nan")
    assert (code, f"Invalid value for '{option}': nan is no number" in line) == (2, True)


def test_a_truth_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    give_database(tmp_path / "data")
    code, line = refused(tmp_path, '[edge]\ntrusted_proxies = ["127.0.0.1"]\n', "--truth", str(tmp_path))
    assert (code, line) == (1, f"backstamp: {tmp_path}: Is a directory")
