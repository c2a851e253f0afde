import asyncio
import gc
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Final

import pytest

from backstamp.app.logs import configure_logging
from backstamp.app.settings import load


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the process writes on stderr, its logging configured as a role's."""
    gc.collect()  # of tasks that earlier tests left behind asyncio speaks now, and not below
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    configure_logging(load(environ={}), "gateway")
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


LOG = logging.getLogger("backstamp.gateway")
DOMAIN = "example.org"


def test_a_record_is_one_json_line_with_the_facts_that_came_with_it(stderr: io.StringIO) -> None:
    LOG.info("message %s", "a\nb\u2028\x1b[31m", extra={"trace_id": "0123456789abcdef", "size": 12})
    (line,) = stderr.getvalue().splitlines()
    entry = json.loads(line)
    assert line.isascii()
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "info",
        "role": "gateway",
        "logger": "backstamp.gateway",
        "message": "message a\nb\u2028\x1b[31m",
        "trace_id": "0123456789abcdef",
        "size": 12,
    }


def test_a_long_message_is_cut(stderr: io.StringIO) -> None:
    LOG.warning("x" * 100_000)
    assert len(stderr.getvalue()) < 2_300


def test_a_traceback_says_where_and_what_and_holds_nobodys_words(stderr: io.StringIO) -> None:
    words = "Key (address)=(ann@example.org) already exists"

    def fail() -> None:
        try:
            dict[str, str]()[words]
        except KeyError as error:
            raise ValueError(words) from error

    try:
        fail()
    except ValueError:
        LOG.warning("ingest failed", exc_info=True)
    (line,) = stderr.getvalue().splitlines()
    told = json.loads(line)["traceback"]
    assert [part.splitlines()[-1] for part in told.split("\nbecause of\n")] == ["ValueError", "KeyError"]
    assert told.count("in fail") == 2
    assert "ann@" not in line


async def test_what_asyncio_says_of_a_task_or_a_callback_holds_nobodys_words(stderr: io.StringIO) -> None:
    async def fail() -> None:
        int("ann@" + DOMAIN)

    async def begin() -> None:
        asyncio.get_running_loop().call_soon(int, "bob@" + DOMAIN)
        await asyncio.wait({asyncio.create_task(fail())})

    await begin()
    gc.collect()
    lines = [json.loads(line) for line in stderr.getvalue().splitlines()]
    assert [(line["logger"], line["message"], line["traceback"].splitlines()[-1]) for line in lines] == [
        ("asyncio", "Exception in callback int", "ValueError"),
        ("asyncio", "Task exception was never retrieved", "ValueError"),
    ]
    assert DOMAIN not in stderr.getvalue()


ENDS: Final = """
import threading
from backstamp.app.logs import configure_logging
from backstamp.app.settings import load

configure_logging(load(environ={}), "gateway")

def fail(): raise ValueError("ann@" + "example.org")

thread = threading.Thread(target=fail)
thread.start()
thread.join()
fail()
"""


def test_what_ends_a_thread_or_a_role_is_a_line_without_words() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    told = [(line["level"], line["message"], line["traceback"].splitlines()[-1]) for line in lines]
    assert told == [("critical", "internal error ValueError", "ValueError")] * 2
