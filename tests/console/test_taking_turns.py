"""So many requests have a connection with the database at once, and none while its answer is sent."""

import asyncio
from concurrent.futures import Future
from threading import Thread

import pytest
from asgiref.current_thread_executor import CurrentThreadExecutor
from asgiref.sync import AsyncToSync, ThreadSensitiveContext, sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from backstamp.app import console_settings
from backstamp.console.serving.taking_turns import MOST_AT_ONCE, TakingTurnsMiddleware


def connect() -> None:
    connection.ensure_connection()


def is_connected() -> bool:
    return connection.connection is not None


async def test_a_live_page_has_no_connection_while_it_waits() -> None:
    async def view(_: HttpRequest) -> HttpResponseBase:
        await sync_to_async(connect)()
        assert await sync_to_async(is_connected)()
        return StreamingHttpResponse()

    await TakingTurnsMiddleware(view)(HttpRequest())
    assert not await sync_to_async(is_connected)()


async def test_of_all_pages_that_ask_at_once_some_are_answered_at_a_time() -> None:
    begun: list[int] = []
    go_on = asyncio.Event()

    async def view(_: HttpRequest) -> HttpResponseBase:
        begun.append(1)
        await go_on.wait()
        return HttpResponse()

    answer = TakingTurnsMiddleware(view)
    everybody = [asyncio.ensure_future(answer(HttpRequest())) for _ in range(100)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(begun) == MOST_AT_ONCE
    go_on.set()
    assert [response.status_code for response in await asyncio.gather(*everybody)] == [200] * 100


async def test_who_fails_or_leaves_gives_turn_and_connection_back() -> None:
    async def view(_: HttpRequest) -> HttpResponseBase:
        await sync_to_async(connect)()
        raise asyncio.CancelledError

    answer = TakingTurnsMiddleware(view)
    for _ in range(MOST_AT_ONCE + 1):
        async with asyncio.timeout(20):
            assert isinstance(
                (await asyncio.gather(answer(HttpRequest()), return_exceptions=True))[0],
                asyncio.CancelledError,
            )
    assert not await sync_to_async(is_connected)()


async def test_a_thread_that_has_ended_is_not_asked_to_close_the_connection() -> None:
    """Of a viewer who leaves while a thread waits for us, asgiref may leave that thread's executor behind."""
    ended: Future[CurrentThreadExecutor] = Future()

    def end() -> None:
        executor, done = CurrentThreadExecutor(None), Future[None]()
        done.set_result(None)
        executor.run_until_future(done)
        ended.set_result(executor)

    Thread(target=end).start()

    async def view(_: HttpRequest) -> HttpResponseBase:
        await sync_to_async(connect)()
        AsyncToSync.executors.current = ended.result(20)
        raise asyncio.CancelledError

    answer = TakingTurnsMiddleware(view)
    for _ in range(MOST_AT_ONCE + 1):
        async with asyncio.timeout(20), ThreadSensitiveContext():
            viewer = asyncio.ensure_future(answer(HttpRequest()))
            with pytest.raises(asyncio.CancelledError):
                await viewer
            assert not await sync_to_async(is_connected)()


def test_the_console_takes_turns_before_anything_asks_the_database() -> None:
    assert console_settings.MIDDLEWARE[0] == "backstamp.console.serving.taking_turns.TakingTurnsMiddleware"
