"""`backstamp simulate` says in one line why it does nothing."""

from pathlib import Path

import pytest

from tests.app.in_process import Here


def refused(here: Here, settings: str, *arguments: str) -> tuple[int, str]:
    (here.folder / "backstamp.toml").write_text(settings)
    done = here("simulate", *arguments)
    (line,) = done.stderr.splitlines()
    assert not done.stdout
    return done.returncode, line


def test_mail_never_leaves_by_a_next_hop(here: Here) -> None:
    code, line = refused(here, '[gateway]\nnext_hop = "smtp://192.0.2.1:25"\n')
    assert code == 2
    assert "a next hop is set, so mail would really leave" in line


@pytest.mark.parametrize("trusted", ["[]", '["192.0.2.0/24"]'])
def test_an_edge_that_would_not_believe_the_addresses_is_named(here: Here, trusted: str) -> None:
    code, line = refused(here, f"[edge]\ntrusted_proxies = {trusted}\n")
    assert code == 2
    assert "edge.trusted_proxies lacks 127.0.0.1" in line
    assert 'set edge.trusted_proxies = ["127.0.0.1"] and restart' in line


@pytest.mark.usefixtures("installed")
def test_a_truth_file_that_is_missing_or_none_is_named(tmp_path: Path, here: Here) -> None:
    code, line = refused(here, "", "--report", "--truth", "nothing.jsonl")
    assert (code, "nothing.jsonl: No such file" in line) == (1, True)
    (tmp_path / "bad.jsonl").write_text("{}\n")
    code, line = refused(here, "", "--report", "--truth", "bad.jsonl")
    assert (code, "bad.jsonl: line 1 is not of a truth file" in line) == (2, True)


@pytest.mark.parametrize("option", ["--rate", "--duration"])
def test_what_is_no_number_is_a_wrong_call(here: Here, option: str) -> None:
    code, line = refused(here, "", option, "nan")
    assert (code, f"Invalid value for '{option}': nan is no number" in line) == (2, True)


@pytest.mark.usefixtures("installed")
def test_a_truth_file_that_cannot_be_written_is_named(tmp_path: Path, here: Here) -> None:
    code, line = refused(here, '[edge]\ntrusted_proxies = ["127.0.0.1"]\n', "--truth", str(tmp_path))
    assert (code, line) == (1, f"backstamp: {tmp_path}: Is a directory")
