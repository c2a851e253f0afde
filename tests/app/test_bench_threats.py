"""`backstamp bench threats`, with few entries."""

import io

import pytest

from backstamp.app.bench import threats


def test_it_shows_ours_beside_its_peers_and_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threats, "_URLS", 2_000)
    monkeypatch.setattr(threats, "_PREFIXES", 2_560)
    monkeypatch.setattr(threats, "_LOOK_UPS", 100)
    out = io.StringIO()
    threats.run(out, quick=False)
    first, header, bound, *peers, last = out.getvalue().splitlines()
    assert first == "2,000 URLs in 10 lists, 2,560 prefixes of 4 bytes:"
    assert header.split()[:2] == ["compile", "s"]
    assert bound.split() == ["bound", "60", "50", "15", "50", "12"]
    assert [peer[:14].strip() for peer in peers] == ["Backstamp", "SQLite, mapped", "set and dict"]
    assert all(float(figure) >= 0 for peer in peers for figure in peer[26:].split())
    assert last.endswith("expressions.")
