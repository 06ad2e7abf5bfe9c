"""Requests in reused threads, without a server."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from chatproject.serving import request_threads
from chatproject.serving.request_threads import RequestThreads
from tests.stage.asgi_requests import ask
from tests.stage.servers import EXPECT_SECONDS


@pytest.fixture(scope="module")
def application() -> RequestThreads:
    return RequestThreads()


@pytest.fixture
def at_work(monkeypatch: pytest.MonkeyPatch) -> dict[str, threading.Event]:
    """By path: what a request waits for, in its thread. The body of its answer is the thread's number."""
    may_end: dict[str, threading.Event] = {}

    async def handle(self: RequestThreads, scope: Any, receive: Any, send: Any) -> None:
        def work() -> int:
            if scope["path"] in may_end:
                may_end[scope["path"]].wait(EXPECT_SECONDS)
            return threading.get_ident()

        await send({"thread": await sync_to_async(work)()})

    monkeypatch.setattr(RequestThreads, "handle", handle)
    return may_end


@pytest.mark.fast
async def test_one_thread_answers_requests_that_come_one_after_another(
    application: RequestThreads, at_work: dict[str, threading.Event]
) -> None:
    [first], [second] = await ask(application), await ask(application)
    assert first == second
    at_work["/long"] = threading.Event()
    waiting = asyncio.ensure_future(ask(application, "/long"))
    await asyncio.sleep(0)
    [meanwhile] = await ask(application)
    at_work["/long"].set()
    assert await waiting == [first]
    assert meanwhile != first


@pytest.mark.fast
async def test_what_goes_on_after_its_client_has_left_holds_up_nobody(
    application: RequestThreads, at_work: dict[str, threading.Event]
) -> None:
    at_work["/long"] = threading.Event()
    left = asyncio.ensure_future(ask(application, "/long"))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait([left])
    assert len(await asyncio.wait_for(ask(application), EXPECT_SECONDS)) == 1
    at_work["/long"].set()


@pytest.mark.fast
async def test_from_the_first_middleware_that_is_not_async_to_the_view_it_is_one_visit_to_a_thread(
    application: RequestThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits: list[Any] = []
    submit = request_threads._Visits.submit

    def visit(*given: Any) -> Any:
        visits.append(given)
        return submit(*given)

    monkeypatch.setattr(request_threads._Visits, "submit", visit)
    heard = await ask(application)
    assert heard[0]["status"] == 200
    assert len(visits) == 1, "and none closes the answer"


@pytest.mark.fast
async def test_who_reads_slowly_keeps_no_thread(
    application: RequestThreads, at_work: dict[str, threading.Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, read = asyncio.Semaphore(0), asyncio.Event()

    async def handle(self: RequestThreads, scope: Any, receive: Any, send: Any) -> None:
        first = await sync_to_async(threading.get_ident)()
        answered.release()
        await read.wait()
        await send({"thread": first})

    monkeypatch.setattr(RequestThreads, "handle", handle)
    slow = []
    for _ in range(5):
        slow.append(asyncio.ensure_future(ask(application)))
        await asyncio.wait_for(answered.acquire(), EXPECT_SECONDS)
    read.set()
    assert len({answer["thread"] for [answer] in await asyncio.gather(*slow)}) == 1


@pytest.mark.fast
async def test_what_ends_a_request_waits_for_what_still_goes_on_for_it(
    application: RequestThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(5)
        order.append("worked")

    async def handle(self: RequestThreads, scope: Any, receive: Any, send: Any) -> None:
        working = asyncio.ensure_future(sync_to_async(work)())
        await asyncio.get_running_loop().run_in_executor(None, begun.wait, 5)
        # Its client has left.
        working.cancel()
        await asyncio.wait([working])
        threading.Timer(0.02, may_end.set).start()
        await sync_to_async(order.append)("ended")

    monkeypatch.setattr(RequestThreads, "handle", handle)
    await ask(application)
    assert order == ["worked", "ended"]


@pytest.mark.fast
async def test_a_request_is_under_way_until_its_thread_is_done_even_when_its_client_has_left(
    application: RequestThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work(request: HttpRequest) -> HttpResponse:
        begun.set()
        may_end.wait(EXPECT_SECONDS)
        return HttpResponse(b"done")

    async def respond(self: RequestThreads, request: HttpRequest) -> HttpResponse:
        return await sync_to_async(work)(request)

    monkeypatch.setattr(RequestThreads, "run_get_response", respond)
    asked = asyncio.ensure_future(ask(application, has_left=True))
    await asyncio.get_running_loop().run_in_executor(None, begun.wait, EXPECT_SECONDS)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not asked.done()
    may_end.set()
    assert (await asyncio.wait_for(asked, EXPECT_SECONDS))[0]["status"] == 200


@pytest.mark.fast
@pytest.mark.parametrize("has_left", [True, False])
async def test_a_long_answer_ends_when_its_client_leaves_and_is_closed_either_way(
    application: RequestThreads, monkeypatch: pytest.MonkeyPatch, has_left: bool
) -> None:
    parts: list[int] = []

    async def count() -> AsyncIterator[bytes]:
        for part in range(3):
            parts.append(part)
            yield b"part"

    response = StreamingHttpResponse(count())

    async def respond(self: RequestThreads, request: HttpRequest) -> StreamingHttpResponse:
        return response

    monkeypatch.setattr(RequestThreads, "run_get_response", respond)
    heard = await ask(application, has_left=has_left)
    assert (len(heard), len(parts)) == ((0, 0) if has_left else (5, 3))
    assert response.closed


@pytest.mark.fast
async def test_what_a_client_left_unread_is_closed_before_its_request_ends(
    application: RequestThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves, ended = asyncio.Event(), list[str]()

    async def count() -> AsyncIterator[bytes]:
        try:
            yield b"part"
            leaves.set()
            yield b"part"
        finally:
            # As a file is closed: by something else than this task.
            await asyncio.sleep(0)
            ended.append("content")

    async def respond(self: RequestThreads, request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(count())

    monkeypatch.setattr(RequestThreads, "run_get_response", respond)
    heard = await ask(application, leaves=leaves)
    ended.append("request")
    assert [event.get("body") for event in heard] == [None, b"part"]
    assert ended == ["content", "request"]
