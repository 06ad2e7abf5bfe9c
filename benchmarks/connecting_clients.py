"""Clients that connect: a handshake, `hello`, and a sync that holds everything; and the accounts and channels for them."""

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import msgspec
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from chat import services
from chat.models import Channel, ChannelKind, Member, Token, User
from delivery.load.rawsocket import HandshakeRefused, RawSocket

#: As many as a channel can have.
MEMBERS = 100
#: Who is turned away is back by then, or the benchmark fails.
PATIENCE_SECONDS = 60.0


class _Frame(msgspec.Struct):
    op: str
    ref: int | None = None
    code: Any = None
    channels: Any = None


_decoder = msgspec.json.Decoder(_Frame)


@dataclass(frozen=True)
class Person:
    user: int
    token: str
    session: str

    def login(self, port: int, *, by_session: bool) -> str:
        if by_session:
            origin = f"http://localhost:{port}"
            name = settings.SESSION_COOKIE_NAME.rsplit("_", 1)[0]
            return f"Origin: {origin}\r\nCookie: {name}_{port}={self.session}"
        return f"Authorization: Bearer {self.token}"


class ConnectingClient(RawSocket):
    """One socket. `ready` is done with its channels when the first sync was answered."""

    def __init__(self, login: str, *, host: str) -> None:
        super().__init__(login, self._read, host=host)
        self.ready: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._answered: dict[int, asyncio.Future[None]] = {}
        self._channels: list[int] = []
        self.opened.add_done_callback(self._look_at_handshake)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        expected: list[asyncio.Future[Any]] = [self.ready, *self._answered.values()]
        for answer in expected:
            if not answer.done():
                answer.set_exception(ConnectionError("cut off"))

    async def say(self, ref: int) -> float:
        """Says something in the first channel; seconds until it was accepted. Raises ConnectionError if it is not."""
        began_at = time.perf_counter()
        answered = self._answered[ref] = asyncio.get_running_loop().create_future()
        said = {"channel": self._channels[0], "client_msg_id": str(uuid.uuid4()), "body": "the quick brown fox"}
        self.send({"op": "message.post", "ref": ref, **said})
        await answered
        return time.perf_counter() - began_at

    def _look_at_handshake(self, opened: "asyncio.Future[None]") -> None:
        error = opened.exception()
        if error is not None and not self.ready.done():
            self.ready.set_exception(error)
            self.abort()

    def _read(self, payload: bytes) -> None:
        frame = _decoder.decode(payload)
        if frame.op == "hello":
            self._channels = [channel["id"] for channel in frame.channels]
            held = {str(channel["id"]): channel["head"] for channel in frame.channels}
            self.send({"op": "sync", "ref": 0, "channels": held})
        elif frame.ref == 0 and frame.op == "ok":
            self.ready.set_result(self._channels)
        elif frame.ref in self._answered and frame.op == "ok":
            self._answered.pop(frame.ref).set_result(None)
        elif frame.ref in self._answered:
            self._answered.pop(frame.ref).set_exception(ConnectionError(f"not accepted: {frame.code}"))


async def connect(person: Person, port: int, *, by_session: bool = False) -> ConnectingClient:
    """In, synced. Raises HandshakeRefused or ConnectionError."""
    login = person.login(port, by_session=by_session)
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(
        lambda: ConnectingClient(login, host=f"localhost:{port}"), "127.0.0.1", port
    )
    await client.ready
    return client


async def reconnect(person: Person, port: int) -> tuple[ConnectingClient, int]:
    """Connects as real clients do, again after each refusal, when the server says; also returns the number of refusals."""
    until = time.perf_counter() + PATIENCE_SECONDS
    sent_away = 0
    while True:
        try:
            return await connect(person, port), sent_away
        except (HandshakeRefused, ConnectionError) as refused:
            if time.perf_counter() > until:
                raise
            sent_away += 1
            named = refused.retry_after if isinstance(refused, HandshakeRefused) else None
            await asyncio.sleep((named or 0) + random.random())


def lay_out(people: int, *, channels: int, many: int) -> tuple[list[Person], Person]:
    """Creates people in groups of a hundred with their channels, and one person in `many` channels; the same in every run."""
    users = [_person(f"comer{number}") for number in range(people)]
    for group in range(0, people, MEMBERS):
        _channels(f"group {group // MEMBERS}", users[group : group + MEMBERS], count=channels)
    busy = _person("comer-everywhere")
    _channels("everywhere", [busy, users[0]], count=many)
    Token.objects.filter(user__in=[*users, busy]).delete()
    return [with_logins(user) for user in users], with_logins(busy)


def _person(name: str) -> User:
    return User.objects.filter(username=name).first() or services.create_user(name)


def _channels(name: str, users: Sequence[User], *, count: int) -> None:
    # A hundred system messages for each would take an hour; nobody in here reads them.
    there = Channel.objects.filter(name__startswith=f"{name}, ").count()
    columns = {"kind": ChannelKind.PRIVATE, "member_count": len(users), "head": 1}
    channels = Channel.objects.bulk_create(
        Channel(name=f"{name}, {number}", **columns) for number in range(there, count)
    )
    Member.objects.bulk_create(Member(channel=channel, user=user) for channel in channels for user in users)


def with_logins(user: User) -> Person:
    engine: Any = import_module(settings.SESSION_ENGINE)
    session = engine.SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return Person(user.pk, services.create_token(user, name="comer"), session.session_key)
