"""Numbers can be compared within one epoch: after a rewind everybody is told, and nobody keeps what is gone."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from redis import Redis

from chat import services
from chat.live.source import ChatSource
from chat.models import Channel, Message
from chat.services import epochs
from delivery.client import Client
from delivery.live.epochs import Epochs
from delivery.source import LogPosition
from delivery.threads import DatabaseThreads
from tests.conftest import Cast, in_thread, said
from tests.stage.listening import Listening
from tests.stage.servers import Server, expect


async def test_hello_pong_and_changes_say_the_epoch(server: Server, cast: Cast) -> None:
    epoch = (await in_thread(services.read_log_position)).epoch
    async with server.connect(cast.token(cast.alice)) as alice:
        assert alice.hello["epoch"] == epoch
        assert (await alice.command("ping"))["epoch"] == epoch
        with server.http(cast.token(cast.alice)) as http:
            answer = await in_thread(http.get, f"/channels/{cast.team.pk}/changes/")
        assert answer.json()["epoch"] == epoch


async def test_a_sync_of_another_epoch_is_a_resync_for_everything(server: Server, cast: Cast) -> None:
    other = await in_thread(services.open_channel, cast.alice, name="other")
    async with Listening(server.ws, token=cast.token(cast.alice)) as alice:
        ok = await alice.command("sync", channels={str(cast.team.pk): 2}, epoch="of a database that is gone")
        assert {int(pk): state.get("resync") for pk, state in ok["channels"].items()} == {
            cast.team.pk: True,
            other.pk: True,
        }
        again = await alice.command("sync", channels={str(cast.team.pk): 2}, epoch=alice.hello["epoch"])
        assert "resync" not in again["channels"][str(cast.team.pk)]


def rewind(channel: Channel, *, to: int) -> None:
    """What the restore of a backup does to the rows of a channel."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE channels DISABLE TRIGGER head_forward_only")
        cursor.execute("UPDATE channels SET head = %s WHERE id = %s", [to, channel.pk])
        cursor.execute("ALTER TABLE channels ENABLE TRIGGER head_forward_only")
    Message.objects.filter(channel=channel, seq__gt=to).delete()


async def test_after_a_restore_everybody_loads_afresh_and_keeps_nothing_that_is_gone(
    own_server: Any, cast: Cast
) -> None:
    server = own_server()
    async with Client(server.ws, token=cast.token(cast.bob)) as bob:
        for n in range(6):
            await in_thread(said, cast.alice, cast.team, f"gone {n}")
        await expect(lambda: bob.heads[cast.team.pk] == 8)
        held, epoch = dict(bob.heads), bob.epoch
        await in_thread(rewind, cast.team, to=2)
        for n in range(10):
            await in_thread(said, cast.alice, cast.team, f"after {n}")
        await in_thread(call_command, "new_epoch")
        # Closed with 4000, and back: what was held counts for nothing.
        told = await expect(lambda: _resync_in(bob))
        assert told.frame["held"] == 0
        await expect(lambda: bob.heads[cast.team.pk] == 12)
        assert bob.epoch != epoch
    async with Client(server.ws, token=cast.token(cast.bob), heads=held, epoch=epoch) as bob:
        told = await expect(lambda: _resync_in(bob))
        assert (told.frame["held"], told.frame["head"]) == (0, 12)
        read = [message["body"] async for message in bob.history(cast.team.pk, after=2)]
        assert read == [f"after {n}" for n in range(10)]


def _resync_in(client: Client) -> Any:
    while not client._view.events.empty():
        event = client._view.events.get_nowait()
        if event is not None and event.kind == "resync":
            return event
    return None


async def test_when_another_epoch_begins_open_sockets_are_closed_to_come_back(own_server: Any, cast: Cast) -> None:
    server = own_server(GAPLESS_LIMIT_POSITION_CHECK_SECONDS="1")
    async with server.connect(cast.token(cast.alice)) as alice:
        # As a process of another installation would, whose announcements are not heard here.
        await in_thread(_move_the_nonce)
        assert (await alice.wait_closed())[0] == 4000
    async with server.connect(cast.token(cast.alice)) as alice:
        assert alice.hello["epoch"] == (await in_thread(services.read_log_position)).epoch


def _move_the_nonce() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE epochs SET nonce = gen_random_uuid()::text")


@pytest.fixture
def own_epochs(transactional_db: None) -> Iterator[Epochs]:
    threads = DatabaseThreads(1)
    yield Epochs(ChatSource(), threads, settings.REDIS_URL)
    threads.close()


async def test_a_database_that_stands_below_what_this_process_has_seen_begins_another_epoch(own_epochs: Epochs) -> None:
    assert not await own_epochs.check()
    assert not await own_epochs.check()
    before = own_epochs.current
    own_epochs._seen = LogPosition(epoch=before, position=2**62)
    assert await own_epochs.check()
    assert own_epochs.current != before
    assert not await own_epochs.check()


async def test_two_looks_at_once_begin_one_epoch(own_epochs: Epochs, monkeypatch: pytest.MonkeyPatch) -> None:
    await own_epochs.check()
    own_epochs._seen = LogPosition(epoch=own_epochs.current, position=2**62)
    looks, first_is_done = 0, asyncio.Event()

    async def seen_elsewhere() -> int:
        nonlocal looks
        looks += 1
        if looks == 2:
            await first_is_done.wait()
        return 0

    monkeypatch.setattr(own_epochs, "_seen_elsewhere", seen_elsewhere)
    first, second = (asyncio.ensure_future(own_epochs.check()) for _ in range(2))
    first.add_done_callback(lambda _: first_is_done.set())
    assert [await first, await second] == [True, False]


async def test_a_database_that_stands_below_what_redis_has_seen_begins_another_epoch(own_epochs: Epochs) -> None:
    before = await own_epochs.read()
    Redis.from_url(settings.REDIS_URL).set(f"gapless:wal:{before}", 2**52)
    assert await own_epochs.check()
    assert own_epochs.current == (await in_thread(services.read_log_position)).epoch != before


@pytest.mark.django_db
def test_a_role_that_may_not_look_has_an_epoch_all_the_same_and_sees_what_is_granted_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(epochs, "_may_call_all", False)
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE narrow")
        cursor.execute("GRANT SELECT ON epochs, messages TO narrow")
        cursor.execute("REVOKE EXECUTE ON FUNCTION pg_control_system(), pg_current_wal_flush_lsn() FROM PUBLIC")
        cursor.execute("SET LOCAL ROLE narrow")
        assert epochs.left_out() == ["pg_control_system()", "pg_current_wal_flush_lsn()"]
        log = services.read_log_position()
        cursor.execute("RESET ROLE")
        cursor.execute("GRANT EXECUTE ON FUNCTION pg_control_system(), pg_current_wal_flush_lsn() TO narrow")
        cursor.execute("SET LOCAL ROLE narrow")
        later = services.read_log_position()
        cursor.execute("RESET ROLE")
    assert log.epoch
    assert log.position == 0
    assert later.epoch != log.epoch
    assert later.position > 0


@pytest.mark.django_db(transaction=True)
def test_the_epoch_stays_while_nothing_is_rewound_and_begins_once_for_all_who_see_it() -> None:
    before = services.read_log_position()
    assert services.read_log_position().epoch == before.epoch
    first = services.begin_epoch(after=before.epoch)
    assert first != before.epoch
    assert services.begin_epoch(after=before.epoch) == first
    # A table that was made anew from a dump is another one.
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("ALTER TABLE messages RENAME TO gone")
        cursor.execute("CREATE TABLE messages ()")
        assert services.read_log_position().epoch != first
        cursor.execute("ROLLBACK")
