"""Django with threads that are kept: what is not async, from the first such middleware to the view, is one visit to one of them.

Django begins a thread for every request, and goes back to the loop between the middleware and the view.
"""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import django.core.signals
from asgiref.sync import ThreadSensitiveContext
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections, reset_queries
from django.http import HttpRequest, HttpResponse

from chatproject.baton import running

#: What Django does when a request begins.
_AT_ITS_BEGINNING = (reset_queries, close_old_connections)
#: Threads that wait for the next request; what is worked on at once is bounded elsewhere.
MOST_IDLE = 16
_READS = ("GET", "HEAD")


class InThreads(ASGIHandler):
    """Django's own application but for where it runs; for one event loop."""

    def __init__(self) -> None:
        # Not ASGIHandler's, which begins with the loop and so has to go back to it for the view.
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        for receiver in _AT_ITS_BEGINNING:
            # As a signal it would be a visit of its own.
            django.core.signals.request_started.disconnect(receiver)
        self._idle: list[_Thread] = []

    async def __call__(self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        thread = self._idle.pop() if self._idle else _Thread()
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(scope, receive, send)
        finally:
            if thread.is_busy or len(self._idle) >= MOST_IDLE:
                # It goes on with what a client has not waited for, and ends with it.
                thread.shutdown(wait=False)
            else:
                self._idle.append(thread)

    def adapt_method_mode(
        self, is_async: bool, method: Any, method_is_async: bool | None = None, debug: bool = False, name: Any = None
    ) -> Any:
        """The outermost middleware stays async: it is awaited, as Django's own is. Where async ends, the one visit begins."""
        if method_is_async and not is_async:
            return method
        visit = _giving_back(method) if is_async and not method_is_async else method
        return super().adapt_method_mode(is_async, visit, method_is_async, debug, name)


class _Thread(ThreadPoolExecutor):
    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="gapless-request")
        self._last: Future[Any] | None = None

    @property
    def is_busy(self) -> bool:
        return self._last is not None and not self._last.done()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._last = super().submit(fn, *args, **kwargs)
        return self._last


def _giving_back(respond: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    # Who reads slowly keeps no connection, and no other visit is needed for that.
    def answer(request: HttpRequest) -> HttpResponse:
        # What writes may wait for other things than PostgreSQL: for a password's hash, for the queue.
        with running() if request.method in _READS else contextlib.nullcontext():
            for begin in _AT_ITS_BEGINNING:
                begin()
            try:
                return respond(request)
            finally:
                close_old_connections()

    return answer
