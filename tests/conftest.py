"""The cast, and the servers that they talk through. Everything is real but the clock."""

import asyncio
import contextvars
import datetime
import logging
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connections, transaction

from chat import clock, services
from chat.models import Channel, User
from chat.services import Draft
from chatproject.embedded import start
from chatproject.embedded.services import DATABASE
from delivery.source import Committed
from tests.stage import (
    certificates,
    emptying,
    environment,
    hashing,
    moments,
    order,
    patience,
    shared,
    sharing_imports,
    signals,
    statics,
    unique_keys,
)
from tests.stage.accounts import people_called, private_channel, tokens_of
from tests.stage.servers import Server
from tests.stage.shared import SHARED, Shared
from tests.stage.valkeys import Valkey

signals.install()
emptying.install()
certificates.install()
hashing.install()
patience.install()
statics.install()
# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

#: Of each file, which of the shared web processes it asks for.
ASKED_FOR = pytest.StashKey[dict[str, frozenset[str]]]()
PASSWORD = "correct horse battery staple"


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    worker = getattr(session.config, "workerinput", None)
    if worker is not None:
        sharing_imports.import_own_part(int(worker["workerid"].removeprefix("gw")), worker["workercount"])


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    environment.start_services()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        # Known before anything runs: pytest-django makes the database for those of which it knows.
        asks = set(getattr(item, "fixturenames", ()))
        if "cast" in asks and "db" not in asks and not item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.django_db(transaction=True))
    asked = shared.asked_for(items)
    config.stash[ASKED_FOR] = asked
    order.longest_first(items, Path(__file__).parent, asked)


def pytest_unconfigure() -> None:
    # What is said at the interpreter's end would go to streams that were captured, and are closed.
    logging.raiseExceptions = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    yield
    if nextitem is not None:
        shared.stop_all_but(item.config.stash[ASKED_FOR][str(nextitem.path)])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> order.Sharing:
    return order.Sharing(config, log)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The tests' database is a copy of one in which all migrations have run."""
    if start.needs_services():
        connections.settings["default"]["TEST"]["TEMPLATE"] = DATABASE


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        unique_keys.begin_apart()


@dataclass(frozen=True)
class Cast:
    """alice owns the team, bob is in it, charlie is outside, vera is a visitor, sam is support staff."""

    alice: User
    bob: User
    charlie: User
    vera: User
    sam: User
    team: Channel
    tokens: dict[str, str]

    def token(self, user: User) -> str:
        return self.tokens[user.username]


@pytest.fixture
def standing_clock() -> Iterator[datetime.datetime]:
    """The verbs' clock stands at this moment for the whole test, the cast's making included; `clock.at` moves it on."""
    with clock.at(moments.NOW):
        yield moments.NOW


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> Cast:
    request.getfixturevalue("db")
    if "standing_clock" in request.fixturenames:
        request.getfixturevalue("standing_clock")
    cache.clear()
    people = people_called("alice", "bob", "charlie", "vera", staff="sam")
    team = private_channel("team", people["alice"], people["bob"])
    return Cast(**people, team=team, tokens=tokens_of(people))


@pytest.fixture(scope="session")
def _shared(django_db_setup: None) -> Iterator[dict[str, Shared]]:
    yield SHARED
    shared.stop_all_but(frozenset())


@pytest.fixture
def servers(_shared: dict[str, Shared], transactional_db: None) -> list[Server]:
    """Two web processes that tests share; how much people may say and ask is not bounded."""
    return _shared["servers"].running()


@pytest.fixture
def server(servers: list[Server]) -> Server:
    return servers[0]


@pytest.fixture
def processes(_shared: dict[str, Shared], transactional_db: None) -> list[Server]:
    """Three web processes with the limits that are shipped, shared by the tests that ask who may do what, and how much."""
    return _shared["processes"].running()


@pytest.fixture
def own_server(transactional_db: None) -> Iterator[Callable[..., Server]]:
    """Starts web processes for this test alone, with limits of their own."""
    started: list[Server] = []

    def start(**options: Any) -> Server:
        server = Server(**options)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def _kept_servers(django_db_setup: None) -> Iterator[dict[frozenset[tuple[str, str]], Server]]:
    kept: dict[frozenset[tuple[str, str]], Server] = {}
    yield kept
    for server in kept.values():
        server.stop()


@pytest.fixture
def kept_server(
    _kept_servers: dict[frozenset[tuple[str, str]], Server], transactional_db: None
) -> Callable[..., Server]:
    """A web process with these limits, which all tests of the module share: none of them ends it."""

    def start(**environment: str) -> Server:
        same = frozenset(environment.items())
        if same not in _kept_servers:
            _kept_servers[same] = Server(**environment).start()
        return _kept_servers[same]

    return start


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """One that only this test speaks to, and may kill."""
    with tempfile.TemporaryDirectory() as folder:
        own = Valkey(folder)
        own.start()
        yield own
        own.kill()


def say(user: User, channel: Channel, body: str = "hello", **fields: Any) -> Any:
    """Posts through the verb; the outcome as it is."""
    draft = Draft(
        channel=channel.pk, sender=user.pk, client_msg_id=fields.pop("client_msg_id", uuid.uuid4()), body=body, **fields
    )
    [outcome] = services.post_messages([draft])
    return outcome


def said(user: User, channel: Channel, body: str = "hello", **fields: Any) -> Committed:
    outcome = say(user, channel, body, **fields)
    assert isinstance(outcome, Committed), outcome
    return outcome


async def in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Runs verbs and queries of a test beside its event loop."""

    def work() -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, work)


@contextmanager
def locked(channel: Channel) -> Iterator[threading.Event]:
    """Another transaction holds the channel's row until the event is set."""
    holds, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Channel.objects.select_for_update().get(pk=channel.pk)
            holds.set()
            release.wait()
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait()
    try:
        yield release
    finally:
        release.set()
        thread.join()
