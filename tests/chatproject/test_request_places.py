"""Places for requests, without a server: given in turn, given back once, with a line for each address."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from chat.middleware.watched import ALWAYS_ANSWERED
from chatproject.serving import bounds, refusals
from chatproject.serving.bodies import Bodies, BodyRefused
from chatproject.serving.bounds import Bounded
from chatproject.serving.user_places import UserPlaces
from delivery.places import NoPlace, Places


@pytest.mark.fast
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


@pytest.mark.fast
async def test_addresses_have_their_turn_one_after_another_however_often_one_asks() -> None:
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


@pytest.mark.fast
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


@pytest.mark.fast
async def test_who_goes_away_at_its_turn_gives_it_on() -> None:
    places = Places(1, waiting=2)
    leave = await places.take("here")
    waiting = asyncio.ensure_future(places.take("here"))
    await asyncio.sleep(0)
    leave()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert places.taken == 0


@pytest.mark.fast
async def test_who_goes_away_before_its_turn_is_not_counted_as_waiting() -> None:
    told: list[tuple[int, int]] = []
    places = Places(1, waiting=2, note=lambda taken, waiting: told.append((taken, waiting)))
    await places.take("here")
    waiting = asyncio.ensure_future(places.take("here"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert told == [(1, 0), (1, 1), (1, 0)]


@pytest.mark.fast
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


class Held:
    """Requests to an application that answers none until it may go on; it notes how many it had at once, by path."""

    def __init__(self, places: Places) -> None:
        self.most: Counter[str] = Counter()
        self.go_on = asyncio.Event()
        self._under_way: Counter[str] = Counter()
        self._bounded = Bounded(self._answer, places)

    async def ask(self, request: str, address: str, *, left: asyncio.Event | None = None) -> int:
        """The status of the answer; 0 for none. `left`: the client has gone."""
        method, path = request.split()
        heard: list[Any] = []
        body = [{"type": "http.request", "body": b""}]

        async def receive() -> Any:
            if body or left is None:
                return body.pop() if body else {"type": "http.request", "body": b""}
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(event: Any) -> None:
            heard.append(event)

        scope = {"type": "http", "method": method, "path": path, "headers": [], "client": (address, 1)}
        await self._bounded(scope, receive, send)
        return int(heard[0]["status"]) if heard else 0

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        self._under_way[path] += 1
        self.most[path] = max(self.most[path], self._under_way[path])
        await self.go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self._under_way[path] -= 1
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.fast
async def test_who_asks_how_it_is_without_end_has_two_places_and_no_more() -> None:
    held = Held(Places(1, waiting=1))
    flood = [asyncio.ensure_future(held.ask("GET /readyz", "203.0.113.9")) for _ in range(50)]
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(held.ask(f"GET {path}", "198.51.100.7")) for path in sorted(ALWAYS_ANSWERED)]
    await asyncio.sleep(0)
    held.go_on.set()
    assert await asyncio.gather(*others) == [200, 200, 200, 200]
    # Two are worked on, sixteen wait, and one of these makes room.
    assert Counter(await asyncio.gather(*flood)) == {200: 2 + 16 - 1, 503: 50 - 2 - 16 + 1}
    assert held.most == {"/readyz": 2, "/healthz": 1, "/metrics": 1, "/version": 1}


async def test_who_is_sent_away_hears_it_after_a_moment_and_keeps_nobody_busy() -> None:
    held = Held(Places(1, waiting=0))
    first = asyncio.ensure_future(held.ask("GET /sign-in/", "203.0.113.9"))
    await asyncio.sleep(0)
    began_at = time.monotonic()
    assert await held.ask("GET /sign-in/", "203.0.113.9") == 503
    assert refusals.LATER_SECONDS <= time.monotonic() - began_at < 5
    held.go_on.set()
    assert await first == 200


@pytest.mark.fast
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


@pytest.mark.fast
async def test_nothing_is_read_for_who_left_while_they_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "WAITED_SECONDS", 0)
    held, left, stays = Held(Places(1, waiting=9)), asyncio.Event(), asyncio.Event()
    asked = [asyncio.ensure_future(held.ask("GET /first", "203.0.113.9", left=stays))]
    for request, gone in (("GET /gone", left), ("POST /gone", left), ("GET /here", stays)):
        await asyncio.sleep(0)
        asked.append(asyncio.ensure_future(held.ask(request, "203.0.113.9", left=gone)))
    await asyncio.sleep(0)
    left.set()
    held.go_on.set()
    assert await asyncio.gather(*asked) == [200, 0, 200, 200]
    assert held.most == {"/first": 1, "/gone": 1, "/here": 1}


@pytest.mark.fast
async def test_what_is_under_way_counts_once_it_is_known_whose_it_is() -> None:
    people = UserPlaces(2, waiting=9)
    scope = {"headers": [(b"authorization", b"Bearer secret")]}
    first = [await people.take(scope) for _ in range(2)]
    await asyncio.to_thread(people.learn, scope, 7)
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(people.take(scope)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not any(other.done() for other in others)
    for leave in first:
        assert leave is not None
        leave()
    for given in await asyncio.gather(*others):
        assert given is not None
        given()
    assert people._places == {}


@pytest.mark.fast
@pytest.mark.parametrize("is_answered", [False, True])
async def test_what_the_end_of_the_process_cuts_off_is_told_to_ask_again(is_answered: bool) -> None:
    heard: list[Any] = []
    goes_on: list[Any] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def later() -> None:
            await ended.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        if is_answered:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        goes_on.append(asyncio.ensure_future(later()))
        await asyncio.Event().wait()

    async def send(event: Any) -> None:
        heard.append(event.get("status"))

    ended = asyncio.Event()
    asked_for = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asked = asyncio.ensure_future(refusals.end_unless_answered(answer, asked_for, asyncio.Event().wait, send))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.wait([asked])
    ended.set()
    await asyncio.wait(goes_on)
    assert (heard[:2], asked.cancelled()) == (([200, 200], True) if is_answered else ([503, None], False))
    assert len(heard) == 2
