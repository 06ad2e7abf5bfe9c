"""More than fits: requests wait for a place, sockets come in one after another, and nobody is left without an answer."""

import asyncio
import contextlib
import itertools
import re
import resource
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest
from django.db import connection, connections, transaction

from chat.middleware.requests import ALWAYS_ANSWERED
from chat.models import Token
from chatproject.serving import refusals
from chatproject.serving.bodies import Bodies, BodyRefused
from chatproject.serving.bounds import Bounded
from chatproject.serving.places import NoPlace, Places
from delivery.client import Client, backoff
from tests.conftest import Cast, locked
from tests.stage.doors import handshake, knock, statuses
from tests.stage.servers import Server, expect


async def test_places_are_given_in_turn_and_once() -> None:
    places = Places(1, waiting=2)
    leave = await places.take("here")
    first, second = (asyncio.ensure_future(places.take("here")) for _ in range(2))
    await asyncio.sleep(0)
    with pytest.raises(NoPlace):
        await places.take("here")
    assert (places.taken, places.waiting) == (1, 2)
    assert places.standing_seconds > 0
    first.cancel()
    leave()
    leave()
    (await second)()
    assert (places.taken, places.waiting, places.standing_seconds) == (0, 0, 0)


async def test_addresses_have_their_turn_one_after_another_whoever_comes_most_often() -> None:
    places = Places(1, waiting=4)
    leave = await places.take("crowd")
    served: list[str] = []

    async def come(line: str) -> None:
        give_back = await places.take(line)
        served.append(line)
        give_back()

    crowd = [asyncio.ensure_future(come("crowd")) for _ in range(4)]
    await asyncio.sleep(0)
    # The last of the longest line makes room, and no more than that: they have two each then.
    others = [asyncio.ensure_future(come("other")) for _ in range(3)]
    await asyncio.sleep(0)
    assert places.waiting == 4
    leave()
    outcomes = await asyncio.gather(*crowd, *others, return_exceptions=True)
    assert [isinstance(outcome, NoPlace) for outcome in outcomes] == [False, False, True, True, False, False, True]
    assert served == ["crowd", "other", "crowd", "other"]
    assert (places.taken, places.waiting) == (0, 0)


async def test_who_makes_room_and_leaves_in_the_same_moment_is_counted_once() -> None:
    places = Places(1, waiting=2)
    leave = await places.take("crowd")
    crowd = [asyncio.ensure_future(places.take("crowd")) for _ in range(2)]
    await asyncio.sleep(0)
    other = asyncio.ensure_future(places.take("other"))
    await asyncio.sleep(0)
    for task in crowd:
        task.cancel()
    await asyncio.wait(crowd)
    assert places.waiting == 1
    leave()
    (await other)()
    assert (places.taken, places.waiting) == (0, 0)


async def test_who_goes_away_at_its_turn_gives_it_on() -> None:
    places = Places(1, waiting=2)
    leave = await places.take("here")
    waiting = asyncio.ensure_future(places.take("here"))
    await asyncio.sleep(0)
    leave()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert places.taken == 0


async def test_who_goes_away_before_its_turn_is_not_counted_as_waiting() -> None:
    told: list[tuple[int, int]] = []
    places = Places(1, waiting=2, note=lambda taken, waiting: told.append((taken, waiting)))
    await places.take("here")
    waiting = asyncio.ensure_future(places.take("here"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert told == [(1, 0), (1, 1), (1, 0)]


async def test_what_a_given_up_body_still_sends_is_counted_no_more() -> None:
    bodies = Bodies(most_bytes=1000, seconds=5, most_unfinished=100)

    def sending() -> tuple[Callable[[int, bool], None], "asyncio.Task[bytes | None]"]:
        events: asyncio.Queue[dict[str, object]] = asyncio.Queue()

        def send(size: int, is_more: bool) -> None:
            events.put_nowait({"type": "http.request", "body": b"x" * size, "more_body": is_more})

        return send, asyncio.ensure_future(bodies.read({"headers": []}, events.get))

    for _ in range(5):
        (send_small, small), (send_large, large) = sending(), sending()
        await asyncio.sleep(0)
        send_large(80, True)
        await asyncio.sleep(0.001)
        # Both at one moment: the first makes room at the cost of the other, which is awake already.
        send_small(30, True)
        send_large(5, True)
        with pytest.raises(BodyRefused):
            await large
        send_small(30, False)
        assert await small == b"x" * 60
    send, reading = sending()
    send(90, True)
    await asyncio.sleep(0.001)
    send(1, False)
    assert await reading == b"x" * 91


async def test_so_many_requests_wait_for_a_place_and_the_next_is_sent_away(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    # A third of the pool works for HTTP.
    server = own_server(GAPLESS_LIMIT_POOL="6", GAPLESS_LIMIT_REQUESTS_WAITING="3")
    bearer = {"Authorization": f"Bearer {cast.token(cast.alice)}"}
    path = f"{server.url}/api/v1/channels/{cast.team.pk}/messages/"
    async with httpx.AsyncClient(headers=bearer, timeout=20) as client:

        async def post() -> httpx.Response:
            return await client.post(path, json={"client_msg_id": str(uuid.uuid4()), "body": "late"})

        async def http() -> dict[str, float]:
            return dict((await client.get(f"{server.url}/readyz")).json()["http"])

        with locked(cast.team):
            posting = [asyncio.ensure_future(post()) for _ in range(5)]
            async with asyncio.timeout(10):
                while (await http())["waiting"] < 3:
                    await asyncio.sleep(0.01)
            refused = await client.get(f"{server.url}/sign-in/")
            said = await http()
        assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (
            503,
            "unavailable",
            "1",
        )
        assert (said["places"], said["taken"], said["waiting"]) == (2, 2, 3)
        assert {answer.status_code for answer in await asyncio.gather(*posting)} <= {201, 503}
        assert (await client.get(f"{server.url}/sign-in/")).status_code == 200
        figures = (await client.get(f"{server.url}/metrics")).text
    assert 'gapless_door_refusals_total{reason="no_place"} 1.0' in figures
    assert 'gapless_door_refusals_total{reason="slow_body"} 0.0' in figures


async def test_a_crowd_from_one_address_sends_nobody_away_who_comes_from_another(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(GAPLESS_LIMIT_POOL="6", GAPLESS_LIMIT_REQUESTS_WAITING="3", TRUSTED_PROXIES="127.0.0.0/8,::1")
    path = f"{server.url}/api/v1/channels/{cast.team.pk}/messages/"
    crowd = {"Authorization": f"Bearer {cast.token(cast.alice)}", "X-Forwarded-For": "203.0.113.9"}
    async with httpx.AsyncClient(timeout=20) as client:

        async def post() -> httpx.Response:
            said = {"client_msg_id": str(uuid.uuid4()), "body": "late"}
            return await client.post(path, json=said, headers=crowd)

        async def waiting() -> bool:
            return bool((await client.get(f"{server.url}/readyz")).json()["http"]["waiting"] == 3)

        with locked(cast.team):
            posting = [asyncio.ensure_future(post()) for _ in range(5)]
            await expect(waiting)
            elsewhere = {"X-Forwarded-For": "198.51.100.7"}
            asking = asyncio.ensure_future(client.get(f"{server.url}/sign-in/", headers=elsewhere))
            await asyncio.wait(posting, return_when=asyncio.FIRST_COMPLETED)
        assert (await asking).status_code == 200
        answers = [answer.status_code for answer in await asyncio.gather(*posting)]
    assert 503 in answers


class Held:
    """Requests to an application that answers none until it may go on; it notes how many it had at once, by path."""

    def __init__(self, places: Places) -> None:
        self.most: Counter[str] = Counter()
        self.go_on = asyncio.Event()
        self._under_way: Counter[str] = Counter()
        self._bounded = Bounded(self._answer, places)

    async def ask(self, request: str, address: str) -> int:
        """The status of the answer."""
        method, path = request.split()
        heard: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        async def send(event: Any) -> None:
            heard.append(event)

        scope = {"type": "http", "method": method, "path": path, "headers": [], "client": (address, 1)}
        await self._bounded(scope, receive, send)
        return int(heard[0]["status"])

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        self._under_way[path] += 1
        self.most[path] = max(self.most[path], self._under_way[path])
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self._under_way[path] -= 1
        await send({"type": "http.response.body", "body": b""})


async def test_who_asks_how_it_is_without_end_has_two_places_and_no_more() -> None:
    held = Held(Places(1, waiting=1))
    flood = [asyncio.ensure_future(held.ask("GET /readyz", "203.0.113.9")) for _ in range(50)]
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(held.ask(f"GET {path}", "198.51.100.7")) for path in sorted(ALWAYS_ANSWERED)]
    await asyncio.sleep(0)
    held.go_on.set()
    assert await asyncio.gather(*others) == [200, 200, 200]
    # Two are worked on, sixteen wait, and one of these makes room.
    assert Counter(await asyncio.gather(*flood)) == {200: 2 + 16 - 1, 503: 50 - 2 - 16 + 1}
    assert held.most == {"/readyz": 2, "/healthz": 1, "/metrics": 1}


async def test_who_is_sent_away_hears_it_after_a_moment_and_keeps_nobody_busy() -> None:
    held = Held(Places(1, waiting=0))
    first = asyncio.ensure_future(held.ask("GET /sign-in/", "203.0.113.9"))
    await asyncio.sleep(0)
    began_at = time.monotonic()
    assert await held.ask("GET /sign-in/", "203.0.113.9") == 503
    assert refusals.LATER_SECONDS <= time.monotonic() - began_at < 5
    held.go_on.set()
    assert await first == 200


async def test_guessing_from_many_addresses_takes_a_third_of_the_places() -> None:
    places = Places(6, waiting=64)
    held = Held(places)
    doors = ("/sign-in/", "/sign-in", "/new-password/abc/")
    guesses = [asyncio.ensure_future(held.ask(f"POST {doors[n % 3]}", f"203.0.113.{n}")) for n in range(30)]
    await asyncio.sleep(0)
    assert (sum(held.most.values()), places.taken, places.waiting) == (2, 2, 0)
    others = [asyncio.ensure_future(held.ask(f"{said} /sign-in/", "198.51.100.7")) for said in ("GET", "HEAD")]
    others += [asyncio.ensure_future(held.ask("POST /c/1/post/", "198.51.100.7"))]
    await asyncio.sleep(0)
    assert (places.taken, places.waiting) == (5, 0)
    held.go_on.set()
    assert set(await asyncio.gather(*guesses, *others)) == {200}
    assert places.taken == 0


@contextlib.contextmanager
def tokens_locked() -> Iterator[None]:
    """Nobody's token can be looked up within the block."""
    holds, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Token._meta.db_table} IN ACCESS EXCLUSIVE MODE")
            holds.set()
            release.wait(10)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    try:
        yield
    finally:
        release.set()
        thread.join()


async def test_so_many_sockets_open_at_once_and_the_next_is_sent_away_for_a_while(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(GAPLESS_LIMIT_OPENINGS="3", GAPLESS_LIMIT_LOCK_SECONDS="4")
    said = handshake(f"Authorization: Bearer {cast.token(cast.alice)}")
    waits = set()
    with tokens_locked():
        coming = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        for _, writer in coming:
            writer.write(said)
        async with asyncio.timeout(10):
            while b" 503 " not in (answer := await first_line(server, said)):
                await asyncio.sleep(0.01)
        for _ in range(12):
            answer = await knock(server.port, said)
            assert statuses(answer) == [503]
            waits.add(int(answer.lower().split(b"retry-after: ")[1].split(b"\r")[0]))
    assert waits <= set(range(1, 6))
    assert len(waits) > 1
    for reader, writer in coming:
        assert (await asyncio.wait_for(reader.readuntil(b'"hello"'), 10)).startswith(b"HTTP/1.1 101")
        writer.transport.abort()
    # Whoever is greeted makes room, whether or not they say anything.
    async with server.connect(cast.token(cast.bob)) as bob:
        await bob.command("ping")


async def first_line(server: Server, said: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(said)
    try:
        return await asyncio.wait_for(reader.readline(), 0.5)
    except TimeoutError:
        return b""
    finally:
        writer.transport.abort()


async def test_a_client_that_was_sent_away_comes_no_sooner_than_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    knocked: list[float] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        knocked.append(time.monotonic())
        writer.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    monkeypatch.setattr(backoff, "before_attempt", lambda attempt: 0.0)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as door:
        url = f"ws://127.0.0.1:{door.sockets[0].getsockname()[1]}/ws/"
        coming = asyncio.ensure_future(Client(url, token="gapless_x").__aenter__())
        await expect(lambda: len(knocked) > 2, within=15)
        coming.cancel()
    assert all(1 <= later - earlier < 3 for earlier, later in itertools.pairwise(knocked))


def test_as_many_files_may_be_open_as_the_machine_allows(own_server: Callable[..., Server]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1000, hard))
    try:
        server = own_server()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.process is not None
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)


async def test_strangers_take_no_descriptor_that_others_need(own_server: Callable[..., Server], cast: Cast) -> None:
    server = own_server()
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    async with server.connect(cast.token(cast.alice)) as alice:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (256, 256))
        strangers = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", server.port) for _ in range(300)))
        refused = sum([statuses(await asyncio.wait_for(reader.read(), 10)) == [503] for reader, _ in strangers])
        assert 300 - 256 < refused < 300 - 100
        assert process.num_fds() < 256 - 10
        await alice.post(cast.team.pk, "still here")
        figures = await expect(lambda: _figures(server), within=10)
    # One a minute, however many are refused.
    assert server.log.read_text().count("open files are running out") == 1
    assert figures["gapless_allowed_files"] == 256
    assert 10 < figures["gapless_open_files"] < 256
    for _, writer in strangers:
        writer.transport.abort()


async def _figures(server: Server) -> dict[str, float]:
    """Once there is a descriptor again: strangers that ask nothing are gone after 5 s."""
    try:
        async with httpx.AsyncClient() as client:
            page = (await client.get(f"{server.url}/metrics")).text
    except httpx.HTTPError:
        return {}
    found = dict(re.findall(r"^(gapless_(?:open|allowed)_files) (\S+)$", page, re.MULTILINE))
    return {name: float(value) for name, value in found.items()}
