"""Who is rewritten when, by which process, and what an administrator hears of it."""

import asyncio
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any
from unittest import mock

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backstamp.gateway.access import Party
from backstamp.gateway.rewriter import messages, pool
from backstamp.gateway.rewriter.config import RewritingLimits
from backstamp.gateway.rewriter.messages import RewriteAnswer, RewriteRequest, Seal
from backstamp.gateway.rewriter.pipe import Pipe
from backstamp.gateway.rewriter.places import Places
from backstamp.gateway.rewriter.pool import BusyError, RewriterPool, TooCostlyError
from backstamp.gateway.rewriter.process import RewriterProcess
from backstamp.mail.patches import Patch, in_order
from backstamp.rewriting import Options
from tests.gateway.running import HTML, RING, TRACKING_URL
from tests.gateway.stepped_loop import run_stepped
from tests.processes import alive

LIMITS = RewritingLimits(workers=1, cpu_seconds=1, memory_bytes=400 << 20)
ANN: Party = (4, 1)
EVE: Party = (4, 2)


def request(*seals: Seal) -> RewriteRequest:
    return RewriteRequest(
        options=Options(own_prefixes=(f"{TRACKING_URL}/",)),
        base_url=TRACKING_URL,
        domain_id=0,
        tracking_id=7,
        sender_domain="example.org",
        seals=seals,
        keyring=RING.to_json(),
    )


async def rewritten(rewriter: RewriterPool, party: Party = ANN) -> RewriteAnswer:
    answer, copies = await rewriter.rewrite(request(Seal(0, b"a" * 8)), HTML, party)
    assert [TRACKING_URL.encode() in copy.whole() for copy in copies] == [True]
    return answer


def idle(rewriter: RewriterPool) -> Any:
    """The process that the next message gets."""
    process = rewriter._idle[-1]._process
    assert process is not None
    return process


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


# one message


async def test_a_worker_makes_a_copy_for_each_seal() -> None:
    rewriter = RewriterPool(LIMITS)
    try:
        answer, copies = await rewriter.rewrite(request(Seal(0, b"a" * 8), Seal(1, b"b" * 8)), HTML, ANN)
    finally:
        await rewriter.close()
    assert answer.tracks
    assert [link.url for link in answer.links] == ["https://www.example.com/offer"]
    assert len({copy.whole() for copy in copies}) == 2
    assert all(TRACKING_URL.encode() in copy.whole() for copy in copies)


async def test_between_copies_that_are_much_to_read_others_have_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn, turns = 0, list[int]()

    def noting(size: int, patches: Sequence[Patch]) -> list[Patch]:
        turns.append(turn)
        return in_order(size, patches)

    rewriter = RewriterPool(LIMITS)
    await rewritten(rewriter)
    monkeypatch.setattr(pool, "LARGE_COPY", 100)
    monkeypatch.setattr(pool, "in_order", noting)
    asked = request(*(Seal(number, b"a" * 8) for number in range(20)))
    rewriting = asyncio.create_task(rewriter.rewrite(asked, HTML, ANN))
    while not rewriting.done():
        turn += 1
        await asyncio.sleep(0)
    await rewriter.close()
    assert len(rewriting.result()[1]) == 20
    assert len(set(turns)) == 20


async def test_a_message_that_costs_too_much_ends_its_worker_and_the_next_one_is_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rewriter = RewriterPool(LIMITS)
    try:
        await rewritten(rewriter)
        process = idle(rewriter)
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(TooCostlyError):
            await rewritten(rewriter)
        assert process.returncode == -signal.SIGKILL
        assert caplog.messages == ["rewriting was ended: it took longer than 3 s by the clock"]
        assert (await rewritten(rewriter)).tracks
    finally:
        await rewriter.close()


async def test_what_is_said_to_all_processes_of_a_terminal_or_service_disturbs_no_message() -> None:
    rewriter = RewriterPool(LIMITS)
    try:
        await rewritten(rewriter)
        process = idle(rewriter)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        await rewritten(rewriter)
        assert idle(rewriter) is process
    finally:
        await rewriter.close()


# processes, and what the log says of them


def test_a_worker_that_fails_says_where_and_quotes_nothing() -> None:
    command = [sys.executable, "-m", "backstamp.gateway.rewriter.worker", str(os.getpid()), "1", str(1 << 30)]
    said = b"".join(messages.blocks(b"no request", b"From: ann@example.org"))
    done = subprocess.run(command, input=said, capture_output=True, timeout=60, check=False)
    assert re.fullmatch(rb"rewriting failed: \w+ in worker\.py, line \d+\n", done.stderr)
    assert (done.returncode, done.stdout) == (1, b"".join(messages.blocks(b"")))


def test_a_worker_is_ended_by_the_kernel_when_its_seconds_are_used_up() -> None:
    code = "from backstamp.gateway.rewriter import worker; worker.CpuAllowance(1).renew()\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == -signal.SIGXCPU


async def test_a_process_is_asked_how_much_processor_time_it_has_taken() -> None:
    process = RewriterProcess(LIMITS)
    assert process.processor_seconds() == 0
    try:
        await process.start()
        # Interpreter and parser have been loaded.
        assert 0.01 < process.processor_seconds() < 60
    finally:
        await process.end()
    assert process.processor_seconds() == 0


async def test_a_process_that_listens_before_anybody_asks_it_has_started_all_the_same() -> None:
    """As where the loop is held up; uvloop reads before the coroutine that made the connection goes on."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"".join(messages.blocks(b"")))
        _, pipe = await asyncio.get_running_loop().create_unix_connection(Pipe, sock=ours)
        await until(lambda: pipe._buffer)
        assert await pipe.exchange([], 1, 10) == [b""]
        pipe.close()


def test_workers_die_with_a_gateway_that_is_killed() -> None:
    code = (
        "import asyncio\n"
        "from backstamp.gateway.rewriter.config import RewritingLimits\n"
        "from backstamp.gateway.rewriter.process import RewriterProcess\n"
        "async def main():\n"
        "    worker = RewriterProcess(RewritingLimits())\n"
        "    await worker.start()\n"
        "    print(worker._process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 60
    while alive(worker):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGKILL, "it was ended by SIGKILL"),
        (signal.SIGXCPU, "1 s of processor time were used up (rewriting.cpu_seconds)"),
    ],
)
async def test_the_log_says_what_ended_a_process_over_a_message(
    caplog: pytest.LogCaptureFixture, number: signal.Signals, how: str
) -> None:
    rewriter = RewriterPool(LIMITS)
    try:
        await rewritten(rewriter)
        process = idle(rewriter)
        process.send_signal(signal.SIGSTOP)
        rewriting = asyncio.create_task(rewritten(rewriter))
        await asyncio.sleep(0)
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        with pytest.raises(TooCostlyError):
            await rewriting
    finally:
        await rewriter.close()
    assert caplog.messages == [f"rewriting was ended: {how}"]


async def test_a_process_that_was_killed_while_idle_costs_no_mail_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rewriter = RewriterPool(LIMITS)
    try:
        await rewritten(rewriter)
        idle(rewriter).send_signal(signal.SIGKILL)
        await until(lambda: not rewriter._idle[-1].runs)
        assert (await rewritten(rewriter)).tracks
    finally:
        await rewriter.close()
    assert caplog.messages == ["a rewriting process ended while it was idle: it was ended by SIGKILL"]


@pytest.mark.parametrize(
    ("command", "how"),
    [
        (["/nowhere/python"], "No such file or directory"),
        (["/bin/sh", "-c", "exit 3"], "it ended with status 3"),
    ],
)
async def test_where_no_process_starts_it_is_no_fault_of_the_mail(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, command: list[str], how: str
) -> None:
    monkeypatch.setattr("backstamp.gateway.rewriter.process.module_command", lambda *_: command)
    rewriter = RewriterPool(LIMITS)
    for _ in range(2):
        with pytest.raises(BusyError):
            await rewritten(rewriter)
    await rewriter.close()
    assert caplog.messages == [f"a rewriting process does not start: {how}"] * 2


# many messages


async def test_who_waits_for_a_worker_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "ORDINARY_SECONDS", 60)
    rewriter = RewriterPool(LIMITS)
    try:
        await rewritten(rewriter)
        idle(rewriter).send_signal(signal.SIGSTOP)
        first = asyncio.create_task(rewritten(rewriter))
        await asyncio.sleep(0)
        rewriter._seconds = 0.2
        with pytest.raises(BusyError):
            await rewritten(rewriter)
        with pytest.raises(TooCostlyError):
            await first
    finally:
        await rewriter.close()


async def test_nobody_waits_for_mail_that_takes_long_and_it_is_rewritten_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pool, "ORDINARY_SECONDS", 0.05)
    rewriter = RewriterPool(LIMITS)
    rewriter._seconds = 600
    try:
        await rewritten(rewriter)
        stopped = idle(rewriter)
        stopped.send_signal(signal.SIGSTOP)
        moved = asyncio.create_task(rewritten(rewriter, EVE))
        await asyncio.sleep(0)
        # It goes on beside the others, and its place is another's.
        assert (await rewritten(rewriter)).tracks
        begun = idle(rewriter)
        begun.send_signal(signal.SIGSTOP)
        ended = asyncio.create_task(rewritten(rewriter, EVE))
        await asyncio.sleep(0)
        # The one before has the only slow place, so this one waits for that, without a process.
        assert (await rewritten(rewriter)).tracks
        assert begun.returncode == -signal.SIGKILL
        assert [moved.done(), ended.done()] == [False, False]
        stopped.send_signal(signal.SIGCONT)
        assert (await moved).tracks
        assert (await ended).tracks
        await until(lambda: rewriter._slow.take_at_once(ANN))
    finally:
        await rewriter.close()
    assert caplog.messages == []


def test_the_next_is_of_the_party_that_has_the_fewest_places_and_else_each_has_its_turn() -> None:
    async def main() -> None:
        places, served = Places(2), list[str]()

        async def one(party: Party, name: str) -> None:
            await places.take(party, 60)
            served.append(name)

        assert places.take_at_once(EVE)
        assert places.take_at_once(EVE)
        names = [(EVE, f"eve {number}") for number in range(4)] + [(ANN, "ann 0"), (ANN, "ann 1")]
        waiting = [asyncio.create_task(one(*each)) for each in names]
        await asyncio.sleep(0)
        assert places.waiting == 6
        for party in (EVE, EVE, ANN, ANN, EVE, EVE):
            places.give(party)
        await asyncio.gather(*waiting)
        assert served == ["ann 0", "eve 0", "ann 1", "eve 1", "eve 2", "eve 3"]
        places.give(EVE)
        assert (places.waiting, places.take_at_once(ANN), places.take_at_once(ANN)) == (0, True, False)

    run_stepped(main())


@pytest.mark.parametrize("freed", ["before", "behind", "never"])
@pytest.mark.parametrize("leaves", ["cancelled", "too late"])
def test_who_goes_in_the_moment_in_which_a_place_comes_takes_it_from_nobody(freed: str, leaves: str) -> None:
    async def main() -> None:
        places = Places(1)
        assert places.take_at_once(ANN)
        leaving = asyncio.create_task(places.take(ANN, 1.0))
        await asyncio.sleep(0)
        if freed == "before":
            places.give(ANN)
        if leaves == "cancelled":
            leaving.cancel()
        else:
            # The clock comes to it before the loop comes to the task.
            time_of = mock.patch.object(asyncio.get_running_loop(), "time", return_value=2.0)
            with time_of:
                await asyncio.sleep(0)
        if freed == "behind":
            places.give(ANN)
        await asyncio.gather(leaving, return_exceptions=True)
        if freed != "never" and (leaving.cancelled() or leaving.exception() is not None):
            assert places.take_at_once(ANN)
        assert (places.waiting, places.take_at_once(ANN)) == (0, False)

    run_stepped(main())


class Simulated:
    """A process that takes so many seconds for a message as stand in it."""

    START = 0.4
    live = most = 0

    def __init__(self, limits: RewritingLimits) -> None:
        self.runs = False
        self._killed = asyncio.Event()

    async def start(self) -> None:
        Simulated.live += 1
        Simulated.most = max(Simulated.most, Simulated.live)
        self.runs = True
        await asyncio.sleep(self.START)

    async def exchange(self, written: list[bytes], blocks: int, seconds: float) -> list[bytes]:
        cost = float(written[-1])
        try:
            async with asyncio.timeout(min(cost, seconds)):
                await self._killed.wait()
        except TimeoutError:
            if cost > seconds:
                raise
            return [msgspec.msgpack.encode(NOTHING_DONE)]
        raise EOFError

    def processor_seconds(self) -> float:
        return asyncio.get_running_loop().time()

    def kill(self) -> None:
        self._killed.set()

    async def end(self) -> str:
        if self.runs:
            await asyncio.sleep(0.001)
        Simulated.live -= self.runs
        self.runs = False
        return "it was ended"


@pytest.mark.parametrize(("cost", "processes"), [("0.7", 1), ("5.0", 2)])
def test_who_only_waits_for_a_processor_that_others_have_may_stay_three_times_as_long(
    cost: str, processes: int
) -> None:
    class Starved(Simulated):
        def processor_seconds(self) -> float:
            return 0.1

    async def main() -> None:
        rewriter = RewriterPool(LIMITS)
        rewriter._seconds = 30
        both = [rewriter.rewrite(request(), cost.encode(), party) for party in (EVE, ANN)]
        await asyncio.gather(*both)
        await rewriter.close()

    Simulated.live = Simulated.most = 0
    with mock.patch.object(pool, "RewriterProcess", Starved):
        run_stepped(main())
    assert Simulated.most == processes


def test_a_process_that_was_ended_in_the_moment_in_which_it_answered_is_used_no_more() -> None:
    rewriter: RewriterPool

    class Hasty(Simulated):
        async def exchange(self, written: list[bytes], blocks: int, seconds: float) -> list[bytes]:
            if self._killed.is_set():
                raise EOFError
            answer = await super().exchange(written, blocks, seconds)
            rewriter._make_room()
            return answer

    async def main() -> None:
        nonlocal rewriter
        rewriter = RewriterPool(LIMITS)
        assert rewriter._slow.take_at_once(EVE)
        both = [rewriter.rewrite(request(), b"0.3", party) for party in (EVE, ANN)]
        await asyncio.gather(*both)
        await rewriter.close()

    with (
        mock.patch.object(pool, "RewriterProcess", Hasty),
        mock.patch.object(pool.RewriterPool, "_watch"),
    ):
        run_stepped(main())


NOTHING_DONE = RewriteAnswer(
    manifest="", summary="", has_pixel=False, links=(), removed_fields=False, is_personal=False
)
MOMENTS = st.integers(0, 80).map(lambda quarters: quarters / 4)
COSTLY = st.tuples(MOMENTS, st.sampled_from([0.2, 0.3, 1.0, 5.0, 29.0, 31.0]), st.booleans())


@given(
    workers=st.integers(1, 3),
    costly=st.lists(COSTLY, max_size=40),
    ordinary=st.lists(MOMENTS, min_size=1, max_size=5),
)
@example(workers=1, costly=[(0.0, 1.0, False)] * 3, ordinary=[0.0])
def test_however_much_costly_mail_one_party_has_that_of_others_waits_for_a_moment_only(
    workers: int, costly: list[tuple[float, float, bool]], ordinary: list[float]
) -> None:
    limits = RewritingLimits(workers=workers, cpu_seconds=10)
    waits = list[float]()
    # Until the one that has the place gives way; then a process is started.
    turn = Simulated.START + 2 * pool.ORDINARY_SECONDS + 0.01
    Simulated.live = Simulated.most = 0

    async def main() -> None:
        loop = asyncio.get_running_loop()
        rewriter = RewriterPool(limits)

        async def one(at: float, cost: float, party: Party) -> float:
            await asyncio.sleep(at)
            began = loop.time()
            await rewriter.rewrite(request(), str(cost).encode(), party)
            return loop.time() - began

        async def hostile(at: float, cost: float, vanishes: bool) -> None:
            try:
                async with asyncio.timeout(at + 7.0 if vanishes else None):
                    await one(at, cost, EVE)
            except (BusyError, TooCostlyError, TimeoutError):
                pass

        others = [one(at, 0.005, (4, 3 + number)) for number, at in enumerate(ordinary)]
        all_costly = [asyncio.create_task(hostile(*each)) for each in costly]
        waits.extend(await asyncio.gather(*others))
        await asyncio.gather(*all_costly)
        await rewriter.close()
        assert loop.time() < 120, "nobody waits for ever"
        assert (rewriter._ordinary._free, rewriter._slow._free) == (workers, limits.slow_workers)
        assert (rewriter._ordinary.waiting, rewriter._slow.waiting, rewriter._under_way) == (0, 0, [])

    with (
        mock.patch.object(pool, "RewriterProcess", Simulated),
        mock.patch.object(logging.getLogger("backstamp.gateway"), "disabled", True),
    ):
        run_stepped(main())
    assert max(waits) < len(ordinary) * turn + Simulated.START
    assert Simulated.live == 0
    assert Simulated.most <= workers + limits.slow_workers
