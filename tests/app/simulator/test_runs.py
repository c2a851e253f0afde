"""Simulations that the console starts are processes, whose end is told in one line."""

import os
import time
from pathlib import Path

import pytest

from backstamp.app.settings import load
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.simulator.runs import SimulationRuns


@pytest.fixture(autouse=True)
def no_settings_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BACKSTAMP_")]:
        monkeypatch.delenv(name)


def test_one_that_cannot_be_says_why_and_leaves_the_last_report(tmp_path: Path) -> None:
    config = tmp_path / "backstamp.toml"
    config.write_text(f'data_dir = "{tmp_path}"\n[gateway]\nnext_hop = "smtp://127.0.0.1:1"\n')
    (tmp_path / DataFile.SIMULATION_REPORT).write_text('{"played": 1}')
    (tmp_path / "simulation.jsonl").write_text("{}\n{}\n")
    runs = SimulationRuns(load(config))
    assert runs.start(60)
    assert not runs.start(60)
    end = time.monotonic() + 60
    while not runs.problem() and time.monotonic() < end:
        time.sleep(0.05)
    assert not runs.running()
    assert "a next hop is set" in runs.problem()
    assert runs.report() == {"played": 1}
    assert runs.acts() == 2


def test_before_the_first_there_is_nothing(tmp_path: Path) -> None:
    config = tmp_path / "backstamp.toml"
    config.write_text(f'data_dir = "{tmp_path}"\n')
    runs = SimulationRuns(load(config))
    assert (runs.running(), runs.acts(), runs.problem(), runs.report()) == (False, 0, "", None)
