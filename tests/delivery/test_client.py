"""The Python client that stays: through killed processes, cut lines and refusals nothing is missed, doubled or overtaken."""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from chat import services
from chat.models import Message
from delivery.client import Client, Ended, backoff, outbox
from delivery.client.connection import CommandRefused
from delivery.wire.types import SUBPROTOCOL
from tests.conftest import Cast, in_thread, said
from tests.stage.servers import Server, expect

Start = Callable[..., Server]


class Reader:
    """Collects what a client is told."""

    def __init__(self, client: Client) -> None:
        self.bodies: list[str] = []
        self.kinds: list[str] = []
        self._task = asyncio.ensure_future(self._read(client))

    async def _read(self, client: Client) -> None:
        async for event in client.events():
            if event.kind != "presence":
                self.kinds.append(event.kind)
            self.bodies += [change["body"] for change in event.changes if change["kind"] == "text"]

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@contextlib.asynccontextmanager
async def reading(client: Client):  # type: ignore[no-untyped-def]
    reader = Reader(client)
    yield reader
    await reader.stop()


async def test_it_stays_when_its_process_is_killed(
    servers: list[Server], own_server: Start, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which process a client tries first is left to chance: here both begin with the one that dies.
    monkeypatch.setattr(random, "randrange", lambda _: 0)
    dying = own_server(GAPLESS_LIMIT_MESSAGES_PER_MINUTE="0")
    urls = (dying.ws, servers[0].ws)
    async with (
        Client(*urls, token=cast.token(cast.alice)) as alice,
        Client(*urls, token=cast.token(cast.bob)) as bob,
        reading(bob) as heard,
    ):
        posts = [asyncio.ensure_future(alice.post(cast.team.pk, f"{n}")) for n in range(300)]
        # At once when it happens: a fast machine has answered all of them before anybody looks again.
        posts[20].add_done_callback(lambda _: dying.kill())
        await asyncio.wait_for(asyncio.gather(*posts), 60)
        await expect(lambda: len(heard.bodies) == 300)
        assert heard.bodies == [f"{n}" for n in range(300)]
        assert (alice.reconnects, bob.reconnects) == (1, 1)
    assert await in_thread(Message.objects.filter(kind="text").count) == 300


async def test_it_comes_back_with_what_it_holds(server: Server, cast: Cast) -> None:
    async with Client(server.ws, token=cast.token(cast.bob)) as bob:
        held = dict(bob.heads)
    for n in range(70):
        await in_thread(said, cast.alice, cast.team, f"{n}")
    async with Client(server.ws, token=cast.token(cast.bob), heads=held) as bob, reading(bob) as heard:
        await expect(lambda: heard.bodies == [f"{n}" for n in range(70)])
        assert bob.gaps == 0


async def test_a_cut_line_is_noticed_and_mended(server: Server, cast: Cast) -> None:
    async with Client(server.ws, token=cast.token(cast.bob)) as bob, reading(bob) as heard:
        for n in range(5):
            assert bob._connection is not None
            await bob._connection.drop()
            await in_thread(said, cast.alice, cast.team, f"{n}")
        await expect(lambda: heard.bodies == [f"{n}" for n in range(5)])


async def test_a_gap_is_seen_and_closed(server: Server, cast: Cast) -> None:
    async with Client(server.ws, token=cast.token(cast.bob)) as bob, reading(bob) as heard:
        await in_thread(said, cast.alice, cast.team, "one")
        await expect(lambda: heard.bodies == ["one"])
        # As if the frame with "one" had never come.
        bob.heads[cast.team.pk] -= 1
        heard.bodies.clear()
        await in_thread(said, cast.alice, cast.team, "two")
        await expect(lambda: heard.bodies == ["one", "two"])
        assert bob.gaps == 1


async def test_too_much_missed_is_said_not_hidden(server: Server, cast: Cast) -> None:
    async with Client(server.ws, token=cast.token(cast.bob), heads={cast.team.pk: 10**6}) as bob, reading(bob) as heard:
        await expect(lambda: heard.kinds == ["resync"])
        await in_thread(said, cast.alice, cast.team, "live")
        await expect(lambda: heard.bodies == ["live"])


async def test_what_was_missed_is_read_from_history_page_by_page(server: Server, cast: Cast) -> None:
    bodies = [f"{n}" for n in range(45)]
    for body in bodies:
        await in_thread(said, cast.alice, cast.team, body)
    async with Client(server.ws, token=cast.token(cast.bob), heads={cast.team.pk: 10**6}) as bob:
        event = await anext(event async for event in bob.events() if event.kind == "resync")
        assert event.frame["held"] == 0
        read = [message async for message in bob.history(event.channel, after=event.frame["held"])]
        assert [message["body"] for message in read if message["kind"] == "text"] == bodies
        assert [message["seq"] for message in read] == sorted({message["seq"] for message in read})
        with pytest.raises(CommandRefused, match="not_found"):
            await anext(bob.history(10**9, after=0))


async def test_history_that_is_refused_is_not_asked_for_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 429 Slower\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
        "",
        'HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{"results":',
        'HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{"results":[],"previous":null}',
    ]
    waited: list[tuple[int, float | None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers[len(waited)].encode())
        writer.close()

    def wait(refusals: int, retry_after: float | None) -> float:
        waited.append((refusals, retry_after))
        return 0.0

    monkeypatch.setattr(backoff, "after_refusal", wait)
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as door:
        url = f"ws://127.0.0.1:{door.sockets[0].getsockname()[1]}/ws/"
        async with asyncio.timeout(10):
            assert [message async for message in Client(url, token="gapless_x").history(1, after=0)] == []
    assert waited == [(1, 7.0), (2, 9.0), (3, None), (4, None)]


async def test_refusals_are_the_callers_to_judge(
    own_server: Start, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = own_server(GAPLESS_LIMIT_MESSAGES_PER_MINUTE="5")
    monkeypatch.setattr(outbox, "REPEATABLE", set())
    async with Client(server.ws, token=cast.token(cast.alice)) as alice:
        for n in range(5):
            await alice.post(cast.team.pk, f"{n}")
        with pytest.raises(CommandRefused, match="rate_limited"):
            await alice.post(cast.team.pk, "too soon")
        with pytest.raises(CommandRefused, match="empty"):
            await alice.post(cast.team.pk, "")


async def test_it_hears_of_channels_that_open_and_end(server: Server, cast: Cast) -> None:
    async with Client(server.ws, token=cast.token(cast.charlie)) as charlie, reading(charlie) as heard:
        await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
        await expect(lambda: heard.kinds == ["channel"])
        await in_thread(said, cast.alice, cast.team, "hello charlie")
        await expect(lambda: heard.bodies == ["hello charlie"])
        await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
        await expect(lambda: heard.kinds == ["channel", "changes", "channel"])
        assert charlie.heads == {}


async def test_an_ended_login_ends_it(own_server: Start, cast: Cast) -> None:
    server = own_server(GAPLESS_LIMIT_LOGIN_CHECK_SECONDS="1")
    async with Client(server.ws, token=cast.token(cast.alice)) as alice:
        await in_thread(cast.alice.tokens.all().delete)
        with pytest.raises(Ended) as ended:
            async for _ in alice.events():
                pass
        assert ended.value.code == 4500
        with pytest.raises(Ended):
            await alice.post(cast.team.pk, "still here?")
    with pytest.raises(Ended):
        await Client(server.ws, token="gapless_wrong").__aenter__()


async def test_a_server_that_says_goodbye_instead_of_hello_is_asked_again() -> None:
    farewells = [(4000, "restarting"), (4002, "nothing was heard"), (4500, "signed out")]
    came: list[float] = []

    async def send_away(socket: ServerConnection) -> None:
        code, reason = farewells[len(came)]
        came.append(asyncio.get_running_loop().time())
        if code == 4000:
            await socket.send(json.dumps({"op": "goodbye", "code": code, "reason": reason, "retry_after": 0.5}))
        await socket.close(code, reason)

    async with serve(send_away, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL)]) as door:
        url = f"ws://127.0.0.1:{door.sockets[0].getsockname()[1]}/ws/"
        async with asyncio.timeout(10):
            with pytest.raises(Ended, match="signed out"):
                await Client(url, token="gapless_x").__aenter__()
    assert came[1] - came[0] >= 0.5, "it named when to come"


async def test_a_fault_of_the_client_itself_is_not_waited_out() -> None:
    async def greet_in_another_language(socket: ServerConnection) -> None:
        await socket.send('{"op": "hello"}')
        await socket.wait_closed()

    async with (
        serve(greet_in_another_language, "127.0.0.1", 0, subprotocols=[Subprotocol(SUBPROTOCOL)]) as door,
        asyncio.timeout(10),
    ):
        client = Client(f"ws://127.0.0.1:{door.sockets[0].getsockname()[1]}/ws/", token="gapless_x")
        with pytest.raises(KeyError):
            await client.__aenter__()
        with pytest.raises(KeyError):
            await client.post(1, "hello?")


def test_waits_double_with_full_jitter_up_to_thirty_seconds() -> None:
    longest = [backoff.before_attempt(attempt, chance=lambda: 1.0) for attempt in range(12)]
    assert longest == [0.1, 1, 1, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert backoff.before_attempt(9, chance=lambda: 0.0) == 0


def test_what_was_refused_is_not_asked_again_sooner_than_the_server_named() -> None:
    assert [backoff.after_refusal(3, 7.0, chance=lambda chance=chance: chance) for chance in (0.0, 1.0)] == [7, 8]
    longest = [backoff.after_refusal(refusals, None, chance=lambda: 1.0) for refusals in range(1, 8)]
    assert longest == [1, 2, 4, 8, 16, 30, 30]


async def test_it_says_and_hears_who_is_here(servers: list[Server], cast: Cast) -> None:
    urls = [server.ws for server in servers]
    async with Client(*urls, token=cast.token(cast.alice)) as alice, Client(*urls, token=cast.token(cast.bob)) as bob:
        await bob.show(idle=True)
        await expect(lambda: alice.people.get(cast.bob.pk, {}).get("status") == "away")
        assert bob._connection is not None
        await bob._connection.drop()
        await expect(lambda: bob.reconnects == 1)
        async with reading(alice) as reader:
            await bob._connected()
            await bob.say_typing(cast.team.pk)
            await expect(lambda: "typing" in reader.kinds)
        assert alice.people[cast.bob.pk]["status"] == "away"
