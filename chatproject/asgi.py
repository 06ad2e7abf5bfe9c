"""The one ASGI application: sockets go to the consumer, the rest to Django. It starts and stops the node and its companions."""

import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 (Django must be set up first)
from django.conf import settings  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

from chat.files.background_sweep import start_sweeping  # noqa: E402
from chat.live.consumer import ChatConsumer  # noqa: E402
from chat.live.node import ChatNode, running_node, stop_node  # noqa: E402
from chat.middleware.watched import ALWAYS_ANSWERED  # noqa: E402
from chat.support.clockwork.running import start_clockwork  # noqa: E402
from chat.support.mailboxes.collector_threads import start_collecting  # noqa: E402
from chatproject import telemetry  # noqa: E402
from chatproject.erasing import start_erasing  # noqa: E402
from chatproject.serving.address_rate import AddressRateLimit, refuse_for_now, with_true_address  # noqa: E402
from chatproject.serving.bounds import Bounded, places  # noqa: E402
from chatproject.serving.long_polls import LongPolls  # noqa: E402
from chatproject.serving.machine_notes import start_noting  # noqa: E402
from chatproject.serving.measuring import response_listeners, say_build  # noqa: E402
from chatproject.serving.refusals import end_unless_answered  # noqa: E402
from chatproject.serving.request_threads import RequestThreads  # noqa: E402
from chatproject.serving.uploads import Uploading  # noqa: E402
from delivery.node import running  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuses sockets at any other path: 403 at the handshake."""
    await receive()
    await send({"type": "websocket.close"})


# Channels routes any ASGI application; Django's types know only views.
_refuse: Any = refuse
_sockets = URLRouter([path("ws/", ChatConsumer.as_asgi()), path("<path:anything>", _refuse)])
router = ProtocolTypeRouter(
    {
        "websocket": _sockets,
        "http": RequestThreads(),
    }
)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The application. The node starts with the server if the server supports lifespan, else with the first request."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    scope = with_true_address(scope)
    wait = 0 if scope["path"] in ALWAYS_ANSWERED else pace.wait(scope)
    if wait:
        await refuse_for_now(scope, receive, send, wait=wait)
        return
    await _start()
    if scope["type"] == "http":
        await end_unless_answered(waiting, scope, receive, send)
    else:
        await router(scope, receive, send)


async def _start() -> None:
    node = await running_node()
    start_clockwork(node)
    start_collecting(node)
    start_sweeping(node)
    start_noting(node)
    start_erasing(node)


def _count(request: HttpRequest, response: HttpResponse, *, route: str, method: str, began_at: float) -> None:
    node = running()
    if isinstance(node, ChatNode):
        node.minutes.counting.count_request(time.perf_counter() - began_at, response.status_code)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await _start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await stop_node()
            await send({"type": "lifespan.shutdown.complete"})
            return


telemetry.trace()
response_listeners.append(_count)
waiting = LongPolls(Uploading(Bounded(router, places)))
pace = AddressRateLimit(settings.LIMITS.address_requests_per_minute)
say_build()
