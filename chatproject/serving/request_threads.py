"""Django with reused threads: everything that is not async, from the first such middleware to the view, is one visit to a thread.

Django itself starts a thread for every request, returns to the event loop between middleware and view, and visits the thread once
more to close the answer.
"""

import contextlib
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import django.core.signals
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections, reset_queries
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from chatproject.run_lock import holding
from chatproject.serving.leaving import has_left
from delivery.async_sql.patience import patient_once

#: Django's functions at the beginning of a request.
_AT_ITS_BEGINNING = (reset_queries, close_old_connections)
#: How many threads wait for the next request; other code bounds the number of running requests.
MOST_IDLE = 16
_READS = ("GET", "HEAD")
#: Key in the scope: when the request began to wait for its place, by time.monotonic.
CAME_AT = "gapless.came_at"

# Django's types of what ASGI passes are narrower than those of the rest.
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class RequestThreads(ASGIHandler):
    """Django's own application, except for the thread in which it runs; for one event loop."""

    def __init__(self) -> None:
        # Not ASGIHandler's, which begins with the loop and so has to go back to it for the view.
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        for receiver in _AT_ITS_BEGINNING:
            # As a signal it would be a visit of its own.
            django.core.signals.request_started.disconnect(receiver)
        self._threads = _Threads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with ThreadSensitiveContext(executor=_Visits(self._threads)):
            await self.handle(scope, receive, send)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As Django's, but that a whole answer is closed here: whatever of it could wait was closed in the visit.

        A client that leaves ends a long answer; but a request that a thread works on stays a request until the thread is done, and
        so keeps its place: otherwise a user who leaves at once could have any number of them under way.
        """
        with contextlib.suppress(RequestAborted), contextlib.closing(await self.read_body(receive)) as body:
            set_script_prefix(get_script_prefix(scope))
            await django.core.signals.request_started.asend(sender=self.__class__, scope=scope)
            request, refusal = self.create_request(scope, body)
            if request is None:
                assert refusal is not None
                await self._answer(refusal, receive, send)
            else:
                await self._answer(await self.run_get_response(request), receive, send)

    async def _answer(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        if not response.streaming:
            await self.send_response(response, send)
            response.close()
            return
        try:
            await self.send_response(response, _while_there(receive, send))
        finally:
            # Django leaves the rest of a content to the garbage collector, and a file's may have lost its thread by then.
            if aclose := getattr(getattr(response, "_iterator", None), "aclose", None):
                await aclose()
            await sync_to_async(response.close)()

    def adapt_method_mode(
        self, is_async: bool, method: Any, method_is_async: bool | None = None, debug: bool = False, name: Any = None
    ) -> Any:
        """The outermost middleware stays async: it is awaited, as Django's own is. Where async ends, the one visit begins."""
        if method_is_async and not is_async:
            return method
        visit = _giving_back(method) if is_async and not method_is_async else method
        return super().adapt_method_mode(is_async, visit, method_is_async, debug, name)


def _while_there(receive: Receive, send: Send) -> Send:
    async def send_unless_left(event: Any) -> None:
        if await has_left(receive):
            raise RequestAborted
        await send(event)

    return send_unless_left


class _Threads:
    """Each of one worker. Those that have nothing to do; a thread that ends its work puts itself back here."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._idle: list[ThreadPoolExecutor] = []

    def take(self) -> ThreadPoolExecutor:
        """Under the lock."""
        return self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="gapless-request")

    def give_back(self, thread: ThreadPoolExecutor) -> None:
        """Under the lock."""
        if len(self._idle) < MOST_IDLE:
            self._idle.append(thread)
        else:
            thread.shutdown(wait=False)


class _Visits(Executor):
    """The visits of one request, one after another. Between two it has no thread, so slow and absent readers keep none."""

    def __init__(self, threads: _Threads) -> None:
        self._threads = threads
        self._thread: ThreadPoolExecutor | None = None
        self._under_way = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        with self._threads.lock:
            thread = self._thread = self._thread or self._threads.take()
            self._under_way += 1
        visit = thread.submit(fn, *args, **kwargs)
        visit.add_done_callback(self._leave)
        return visit

    def _leave(self, visit: Future[Any]) -> None:
        with self._threads.lock:
            self._under_way -= 1
            if self._thread is not None and not self._under_way:
                self._threads.give_back(self._thread)
                self._thread = None


def _giving_back(respond: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    # Closes the connection here, so that a slow reader keeps none, without another visit.
    def answer(request: HttpRequest) -> HttpResponse:
        # What writes may wait for other things than PostgreSQL: for a password's hash, for the queue.
        in_turn = holding() if request.method in _READS else contextlib.nullcontext()
        with patient_once(getattr(request, "scope", {}).get(CAME_AT)), in_turn:
            for begin in _AT_ITS_BEGINNING:
                begin()
            try:
                return respond(request)
            finally:
                close_old_connections()

    return answer
