from pathlib import Path

import pytest

from backstamp.worker.feeds.keeping.copies import Listed, ListStore


@pytest.mark.parametrize(
    "damage",
    [b"x", b"\xff", b"\0" * 8, b"999999999 evil.example/\n", b"20000 \n", b"\xe2\x80\xa8 "],
)
def test_of_a_list_that_the_disk_has_damaged_the_whole_lines_are_kept(tmp_path: Path, damage: bytes) -> None:
    store = ListStore(tmp_path, "list")
    store.prepare()
    store.write_entries([Listed("a.example/", 20_000), Listed("b.example/", 20_001)])
    file = tmp_path / "lists" / "list" / "entries"
    file.write_bytes(damage + file.read_bytes())
    assert Listed("b.example/", 20_001) in list(store.entries())
    file.write_bytes(file.read_bytes()[len(damage) : -4])
    assert list(store.entries()) == [Listed("a.example/", 20_000)]
