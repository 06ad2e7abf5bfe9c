"""The allowances of one user at n and n + 1, across processes and doors, and the headers with the rest."""

import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import redis
from django.conf import settings
from redis.exceptions import RedisError

from chat import services
from chat.allowances import window
from chat.allowances.table import CREATIONS, JOINS, MESSAGES, REQUESTS
from chat.allowances.window import LocalWindows, Windows
from chat.models import Channel, Message, User
from delivery.client.connection import CommandRefused, Connection
from tests.conftest import Cast, in_thread
from tests.stage.callers import signed_in_everywhere
from tests.stage.counting import has_done, headers, refused, time_passes
from tests.stage.servers import Server

Start = Callable[..., Server]


def another() -> dict[str, str]:
    return {"client_msg_id": str(uuid.uuid4())}


@pytest.mark.holds("creations_per_hour")
def test_five_channels_are_opened_an_hour_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    browsers = [process.http(cast.token(cast.bob)) for process in processes]
    # What was refused was not opened.
    User.objects.filter(pk=cast.vera.pk).update(is_active=False)
    assert browsers[0].post("/channels/", json={"name": "x", "members": [cast.vera.pk]}).status_code == 403
    for n in range(4):
        answer = browsers[n % 3].post("/channels/", json={"name": f"{n}"})
        assert (answer.status_code, headers(answer)) == (201, (5, 4 - n))
    direct = {"kind": "direct", "members": [cast.alice.pk]}
    assert browsers[1].post("/channels/", json=direct).status_code == 201
    for browser in browsers:
        refused(browser.post("/channels/", json={"name": "one more"}), 5, within=3600)
    # One that there is already is not opened.
    assert browsers[2].post("/channels/", json=direct).status_code == 200
    assert processes[0].http(cast.token(cast.alice)).post("/channels/", json={"name": "hers"}).status_code == 201
    # An hour after the first there is room for that one.
    wait = browsers[1].post("/channels/", json={"name": "one more"}).json()["retry_after"]
    time_passes(wait + 0.001, allowance=CREATIONS, user=cast.bob)
    assert browsers[1].post("/channels/", json={"name": "one more"}).status_code == 201


@pytest.mark.holds("joins_per_hour")
def test_twenty_channels_are_joined_an_hour_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    made = [services.open_channel(cast.alice, name=f"{n}").pk for n in range(21)]
    browsers = [process.http(cast.token(cast.charlie)) for process in processes]
    assert browsers[0].post(f"/channels/{cast.team.pk}/join/").status_code == 404
    for n, channel in enumerate(made[:20]):
        answer = browsers[n % 3].post(f"/channels/{channel}/join/")
        assert (answer.status_code, headers(answer)) == (200, (20, 19 - n))
    for browser in browsers:
        refused(browser.post(f"/channels/{made[20]}/join/"), 20, within=3600)
        assert browser.post(f"/channels/{made[0]}/join/").status_code == 200
    # To leave and come back is to join again.
    assert browsers[0].post(f"/channels/{made[0]}/leave/").status_code == 204
    refused(browsers[0].post(f"/channels/{made[0]}/join/"), 20, within=3600)
    wait = browsers[1].post(f"/channels/{made[20]}/join/").json()["retry_after"]
    time_passes(wait + 0.001, allowance=JOINS, user=cast.charlie)
    assert browsers[1].post(f"/channels/{made[20]}/join/").status_code == 200


@dataclass
class Stopwatch:
    """When each message was taken, between a moment before and one after it, and whether each refusal told the truth."""

    moved: float = 0.0
    taken: list[tuple[float, float]] = field(default_factory=list)
    refusals: int = 0

    def now(self) -> float:
        with redis.from_url(settings.REDIS_URL) as client:
            seconds, microseconds = client.time()
        return seconds + microseconds / 1_000_000 + self.moved

    def took(self, before: float, after: float) -> None:
        if len(self.taken) >= 60:
            assert after - self.taken[-60][0] >= 60, "61 within a minute"
        self.taken.append((before, after))

    def refused(self, before: float, after: float, retry_after: float) -> None:
        assert len(self.taken) >= 60, "refused with fewer than 60"
        earliest, latest = self.taken[-60]
        # A millisecond for the rounding of what is told.
        assert earliest + 60 - after - 0.001 <= retry_after <= latest + 60 - before + 0.001
        self.refusals += 1

    def pass_by(self, seconds: float, user: User) -> None:
        time_passes(seconds, allowance=MESSAGES, user=user)
        self.moved += seconds


@pytest.mark.holds("messages_per_minute")
async def test_sixty_messages_in_any_minute_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    watch = Stopwatch()
    async with AsyncExitStack() as stack:
        token = cast.token(cast.alice)
        sockets = [await stack.enter_async_context(process.connect(token)) for process in processes]
        browsers = [stack.enter_context(process.http(token)) for process in processes]
        doors = [door for pair in zip(map(by_socket, sockets), map(by_http, browsers), strict=True) for door in pair]
        # The sixty requests lie apart; a refused client tries again, every other time when it was told to.
        for n in range(108):
            before = await in_thread(watch.now)
            wait = await doors[n % 6](cast.team, f"{n}")
            after = await in_thread(watch.now)
            if wait is None:
                watch.took(before, after)
            else:
                watch.refused(before, after, wait)
            if n < 60:
                await in_thread(watch.pass_by, 0.25, cast.alice)
            elif wait is not None and watch.refusals % 2 == 0:
                await in_thread(watch.pass_by, wait + 0.001, cast.alice)
        assert watch.refusals > 0
        assert await in_thread(Message.objects.filter(kind="text").count) == len(watch.taken)
        # A repeat is no new message, and what alice has said costs bob nothing.
        newest = await in_thread(Message.objects.filter(kind="text").latest, "seq")
        again = await sockets[1].post(cast.team.pk, newest.body, client_msg_id=str(newest.client_msg_id))
        assert again["duplicate"] is True
        bob = await stack.enter_async_context(processes[0].connect(cast.token(cast.bob)))
        await bob.post(cast.team.pk, "bob has said nothing yet")


Door = Callable[[Channel, str], Awaitable[float | None]]


def by_socket(socket: Connection) -> Door:
    """Posts; None, or the seconds until it may be tried again."""

    async def post(channel: Channel, body: str) -> float | None:
        try:
            await socket.post(channel.pk, body)
        except CommandRefused as refusal:
            return refusal.retry_after
        return None

    return post


def by_http(browser: httpx.Client) -> Door:
    async def post(channel: Channel, body: str) -> float | None:
        answer: Any = await in_thread(
            browser.post, f"/channels/{channel.pk}/messages/", json={**another(), "body": body}
        )
        if answer.status_code == 201:
            return None
        refused(answer, 60, within=60)
        return float(answer.json()["retry_after"])

    return post


@pytest.mark.holds("requests_per_minute")
def test_a_person_asks_1200_times_a_minute_over_http_and_not_once_more(processes: list[Server], cast: Cast) -> None:
    here, there, elsewhere = processes
    in_browser, by_token = signed_in_everywhere([here, elsewhere], cast.alice), there.http(cast.token(cast.alice))
    has_done(1197, allowance=REQUESTS, user=cast.alice)
    # A page, a program and the page's own questions, in three processes.
    ways: list[Callable[[], httpx.Response]] = [
        lambda: in_browser.get(f"{here.url}/"),
        lambda: by_token.get("/users/me/"),
        lambda: in_browser.get(f"{elsewhere.url}/api/v1/channels/"),
    ]
    for left, ask in zip((2, 1, 0), ways, strict=True):
        answer = ask()
        assert (answer.status_code, headers(answer)) == (200, (1200, left))
    page, *api = [ask() for ask in ways]
    for answer in api:
        refused(answer, 1200, within=60)
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert (page.status_code, headers(page)) == (429, (1200, 0))
    assert 0 < int(page.headers["Retry-After"]) <= 60
    assert in_browser.get(f"{here.url}/admin/").status_code == 429
    assert in_browser.get(f"{here.url}/healthz").status_code == 200
    assert there.http(cast.token(cast.bob)).get("/users/me/").status_code == 200
    time_passes(api[0].json()["retry_after"] + 0.001, allowance=REQUESTS, user=cast.alice)
    assert by_token.get("/users/me/").status_code == 200


def test_exemptions_are_for_those_whom_the_settings_name_and_others_are_told_what_is_left(
    own_server: Start, cast: Cast
) -> None:
    server = own_server(
        RATE_LIMIT_EXEMPT_STAFF="true", RATE_LIMIT_EXEMPT_USERS="bob", GAPLESS_LIMIT_MESSAGES_PER_MINUTE="1"
    )
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.sam)
    for user, is_exempt in ((cast.sam, True), (cast.bob, True), (cast.alice, False)):
        http = server.http(cast.token(user))
        url = f"/channels/{cast.team.pk}/messages/"
        given = {"client_msg_id": str(uuid.uuid4()), "body": "hello"}
        said = [http.post(url, json=given), http.post(url, json=given), http.post(url, json={**given, **another()})]
        assert [answer.status_code for answer in said] == [201, 200, 201 if is_exempt else 429]
        if is_exempt:
            assert "X-RateLimit-Limit" not in said[0].headers
        else:
            assert [headers(answer) for answer in said] == [(1, 0)] * 3
        opened = [http.post("/channels/", json={"name": f"{user.username} {n}"}).status_code for n in range(6)]
        assert opened[-1] == (201 if is_exempt else 429)


@pytest.mark.django_db
def test_the_console_has_no_limit(cast: Cast) -> None:
    for n in range(6):
        services.open_channel(cast.alice, name=f"{n}")
    assert Channel.objects.filter(created_by=cast.alice).count() == 7


class Hands:
    """A clock to be moved by hand."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(window, "time", hands)
    return hands


def test_without_redis_each_process_keeps_a_window_of_its_own(hands: Hands, settings: object) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1"  # type: ignore[attr-defined]
    windows = Windows()
    for n in range(5):
        wait, usage = windows.ask(CREATIONS, 1, f"{n}")
        assert (wait, usage.remaining) == (-1, 4 - n)
        hands.now += 60
    wait, usage = windows.ask(CREATIONS, 1, "one more")
    assert (wait, usage.remaining) == (3300, 0)
    assert windows.ask(CREATIONS, 2, "of another")[0] == -1
    assert windows.ask(JOINS, 1, "something else")[0] == -1
    hands.now += 3299
    assert windows.ask(CREATIONS, 1, "too early")[0] == 1
    hands.now += 1
    assert windows.ask(CREATIONS, 1, "in time")[0] == -1


def test_a_moment_without_redis_finds_the_window_as_full_as_it_is(
    hands: Hands, settings: object, transactional_db: None
) -> None:
    windows = Windows()
    user = User.objects.create(username="dora").pk
    assert [windows.ask(CREATIONS, user, f"{n}")[0] for n in range(5)] == [-1] * 5
    with suppress(RedisError), windows.breaker.attempt(counts=(RedisError,)):
        raise RedisError("away")
    assert windows.ask(CREATIONS, user, "one more")[0] > 3590


def test_the_window_slides_exactly(hands: Hands) -> None:
    windows = LocalWindows()
    for n in range(120):
        # Two a second: sixty fill half a minute, and each is free again a minute after it was said.
        wait, _ = windows.ask(MESSAGES, 1, f"{n}")
        assert wait == -1 if n < 60 else wait > 0
        hands.now += 0.5
    assert windows.ask(MESSAGES, 1, "0 was said a minute ago")[0] == -1
    assert windows.ask(MESSAGES, 1, "1 was not")[0] == pytest.approx(0.5)


def test_a_process_remembers_only_what_still_counts(hands: Hands) -> None:
    windows = LocalWindows()
    for user in range(1000):
        windows.note(MESSAGES, user, "hello")
    hands.now += 60
    for user in range(1000, 2000):
        windows.note(MESSAGES, user, "hello")
    assert min(windows._of[MESSAGES.name]) == 1000
