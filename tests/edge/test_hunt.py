"""Long hunts on a real edge: no forged token leads anywhere, and memory stays as it is."""

import random
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

from backstamp.app.bench.wrk import private_bytes
from backstamp.edge.config import FloodLimits
from tests.daemons import require
from tests.edge.server_process import ServerProcess, running_edge
from tests.edge.setting import OTHER_RING, RING, link, pixel, publish
from tests.tokens.mutants import mutants, of_other_purposes

TRIALS = 100_000
SOME = 2_000
AT_ONCE = 50
HITS = 5_000_000
GROWTH_BYTES = 2_000_000
EACH = 4_000
"""Tokens of each kind: a link that is asked for too often leads on no more (`FloodLimits.named`)."""
CHANGING = """
local tokens = { %s }
local agents = { "Mozilla/5.0 (Windows NT 10.0)", "Mozilla/5.0 (iPhone)", "GoogleImageProxy", "Outlook/2" }
local n
init = function(args) n = tonumber(args[1]) end
local function part(of, most) return math.floor(n / of) %% most end
request = function()
  n = n + 1
  local fields = {
    ["User-Agent"] = agents[1 + part(1, #agents)] .. " build/" .. part(1, 50000),
    ["X-Forwarded-For"] = string.format("%%d.%%d.%%d.7", 1 + part(1, 220), part(220, 250), part(55000, 250)),
    ["Referer"] = "https://mail" .. part(1, 900) .. ".example/",
  }
  return wrk.format("GET", "/" .. tokens[1 + part(1, #tokens)], fields)
end
"""
"""Requests for wrk, of which hardly two are alike: other tokens, callers, programs; from a number on."""


def ours() -> list[str]:
    """Return valid tokens of all kinds, no two alike."""
    kinds = [pixel(n) for n in range(20)] + [link(n) for n in range(20)]
    return kinds + [link(n, f"https://two.example/{n}", protected=n % 2 == 0) for n in range(20)]


def redirects(server: ServerProcess, seed: int, trials: int) -> tuple[int, list[str]]:
    """Ask for mutated tokens over kept connections; return how many answers came, and who got a redirect."""
    dice = random.Random(seed)
    valid = set(ours())
    foreign = [link(n, ring=OTHER_RING) for n in range(20)]
    confused = [token for _ in range(20) for token in of_other_purposes(dice, RING)]
    made = mutants(dice, [*valid, *foreign, *confused], trials)
    asked = [*confused, *(token for token in made if token not in valid)]
    found, answers = [], 0
    for start in range(0, len(asked), AT_ONCE):
        some = asked[start : start + AT_ONCE]
        with server.connect() as connection:
            for number, token in enumerate(some):
                last = "Connection: close\r\n" if number == len(some) - 1 else ""
                method = dice.choice(["GET", "GET", "HEAD", "POST"])
                connection.sendall(f"{method} /{token} HTTP/1.1\r\nHost: x\r\n{last}\r\n".encode())
            answer = _everything(connection)
        answers += answer.count(b"HTTP/1.1 ")
        if b"\r\nlocation:" in answer.lower():
            found += some
    assert answers == len(asked)
    return answers, found


def _everything(connection: socket.socket) -> bytes:
    answer = b""
    while data := connection.recv(65_536):
        answer += data
    return answer


def test_no_mutated_token_leads_anywhere_over_http(tmp_path: Path) -> None:
    publish(tmp_path)
    with running_edge(tmp_path) as server:
        assert redirects(server, 1, SOME)[1] == []


@pytest.mark.soak
def test_of_a_hundred_thousand_mutated_tokens_none_leads_anywhere_over_http(tmp_path: Path) -> None:
    publish(tmp_path)
    seed = int(time.time())
    with running_edge(tmp_path) as server:
        answers, found = redirects(server, seed, TRIALS)
    assert found == [], f"seed {seed}"
    print(f"\n{answers:,} mutated tokens over HTTP, seed {seed}: redirects 0")


@pytest.mark.soak
def test_private_memory_is_small_and_flat_over_five_million_hits_of_all_kinds(tmp_path: Path) -> None:
    require("wrk")
    publish(tmp_path, keep_addresses=True)
    script = tmp_path / "requests.lua"
    tokens = [pixel(n) for n in range(EACH)]
    tokens += [link(n, f"https://shop.example/{n}?{'q=%41&' * (n % 60)}") for n in range(EACH)]
    assert HITS / len(tokens) < FloodLimits().named / 2
    script.write_text(CHANGING % ", ".join(f'"{token}"' for token in tokens))
    with running_edge(tmp_path) as server:
        (worker,) = server.workers()
        answered, sizes = 0, []
        while answered < HITS:
            answered += _asked(server, script, 10, answered)
            sizes.append(private_bytes(worker))
            _forget_written(tmp_path)
    # The allocator gives 4 MB back now and then, and takes them again: peaks are compared.
    first, last = max(sizes[: len(sizes) // 5]), max(sizes)
    print(f"\n{answered:,} hits: private memory at most {first / 1e6:.1f} MB at first, {last / 1e6:.1f} ever")
    assert last <= 90_000_000
    assert last - first <= GROWTH_BYTES


def _asked(server: ServerProcess, script: Path, seconds: int, behind: int) -> int:
    url = f"http://127.0.0.1:{server.port}/"
    command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", str(script), url, "--", str(behind)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    requests = re.search(r"(\d+) requests in", text)
    assert requests is not None
    assert "Non-2xx" not in text, text
    assert "Socket errors" not in text, text
    return int(requests[1])


def _forget_written(directory: Path) -> None:
    """Delete all but the newest segment, as ingest does; five million hits would fill the disk."""
    for segment in sorted(directory.glob("journal/*/*.seg"))[:-1]:
        segment.unlink()
