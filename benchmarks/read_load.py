"""Sends under read load: how long sends wait while many people read history, and while one person asks as fast as possible."""

import argparse
import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import django

from benchmarks.fanout import WebProcess, measure, prepare
from benchmarks.http_client import HttpClient
from benchmarks.rawclient import Frame, RawClient

django.setup()

from benchmarks.filled_channels import Reader, filler_tokens  # noqa: E402 (Django comes first)
from chat import services  # noqa: E402
from chat.models import User  # noqa: E402

SOCKETS, SENDERS, SECONDS = 100, 10, 8.0
#: Messages a second in all, and as many requests for history.
MANY, FEW = 100, 10
#: Connections of the one person who asks without end.
CONNECTIONS = 10
#: Changes that somebody asks for again and again: nearly as many as a replay has at most.
MISSED, BATCH = 990, 50


@dataclass(frozen=True)
class Scene:
    """A channel in which a hundred people talk, one process, and who reads the large channel."""

    server: WebProcess
    channel: int
    tokens: list[str]
    reader: Reader
    others: list[str]


def gather(reader: Reader, server: WebProcess) -> Scene:
    """The scene, with so much said before that there is something to miss."""
    channel, tokens = prepare(SOCKETS)
    owner = User.objects.get(username="bench0")
    for start in range(0, MISSED, BATCH):
        services.post_messages(
            [
                services.Draft(channel=channel, sender=owner.pk, client_msg_id=uuid.uuid4(), body=f"missed {n}")
                for n in range(start, min(start + BATCH, MISSED))
            ]
        )
    return Scene(server, channel, tokens, reader, filler_tokens())


async def sends_under_load(scene: Scene) -> dict[str, Any]:
    """Milliseconds: sends' p95 until they are accepted, and the median until the last of a hundred has seen them."""
    quiet, reading = await talk(scene, MANY, nothing), await talk(scene, MANY, history)
    figures: dict[str, Any] = {
        "accepted_p95_ms": quiet["acknowledged_ms"]["p95"],
        "accepted_p95_ms_while_others_read": reading["acknowledged_ms"]["p95"],
    }
    alone = await talk(scene, FEW, nothing)
    figures["seen_p50_ms"] = alone["send_to_last_receiver_ms"]["p50"]
    for name, load in LOADS.items():
        found = await talk(scene, FEW, load)
        figures[f"seen_p50_ms_while_one_asks_for_{name}"] = found["send_to_last_receiver_ms"]["p50"]
    return figures


Load = Callable[[Scene], Awaitable[None]]


async def talk(scene: Scene, rate: int, load: Load) -> dict[str, Any]:
    options = argparse.Namespace(
        sockets=SOCKETS, senders=SENDERS, rate=rate / SENDERS, window=0, seconds=SECONDS, kill=False
    )
    loading = asyncio.ensure_future(load(scene))
    try:
        return await measure(options, scene.channel, scene.tokens, [scene.server])
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)


async def nothing(scene: Scene) -> None:
    return


async def history(scene: Scene) -> None:
    """Pages from anywhere of the large channel, so many a second of all these people together."""
    await asyncio.gather(*(_read(scene, token, every=len(scene.others) / MANY) for token in scene.others))


async def around(scene: Scene) -> None:
    await asyncio.gather(*(_read(scene, scene.reader.token, every=0) for _ in range(CONNECTIONS)))


async def _read(scene: Scene, token: str, *, every: float) -> None:
    client = await _connected(scene, token)
    start = time.perf_counter() + random.random() * every
    for place in range(10**9):
        await asyncio.sleep(max(0.0, start + place * every - time.perf_counter()))
        seq = random.randrange(scene.reader.head)
        await client.ask(f"channels/{scene.reader.largest}/messages/", around=seq)


async def search(scene: Scene) -> None:
    await _ask_without_end(scene, lambda seq: ("search/", {"q": f"GAP-{seq}"}))


async def changes(scene: Scene) -> None:
    await _ask_without_end(scene, lambda seq: (f"channels/{scene.reader.largest}/changes/", {"since": seq}))


async def _ask_without_end(scene: Scene, question: Callable[[int], tuple[str, dict[str, object]]]) -> None:
    async def one() -> None:
        client = await _connected(scene, scene.reader.token)
        while True:
            path, query = question(random.randrange(scene.reader.head))
            await client.ask(path, **query)

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


async def _connected(scene: Scene, token: str) -> HttpClient:
    client = HttpClient(scene.server.port, token)
    await client.open()
    return client


async def replays(scene: Scene) -> None:
    """Sockets of one plain member that ask for what they missed, as soon as they have it."""
    loop = asyncio.get_running_loop()

    async def one() -> None:
        client: RawClient
        held = 0

        def take(frame: Frame) -> None:
            if frame.op == "ok" and frame.ref == 1:
                ask()

        def ask() -> None:
            client.send({"op": "sync", "ref": 1, "channels": {str(scene.channel): held - MISSED}})

        _, client = await loop.create_connection(
            lambda: RawClient(
                host=f"localhost:{scene.server.port}",
                token=scene.tokens[-1],
                channel=scene.channel,
                head=0,
                on_frame=take,
            ),
            "127.0.0.1",
            scene.server.port,
        )
        try:
            states = await client.ready
            held = states[str(scene.channel)]["head"]
            ask()
            await client.ended
        finally:
            client.abort()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


#: What one person asks for without end.
LOADS: dict[str, Load] = {"around": around, "search": search, "changes": changes, "replays": replays}
