"""Commits while PostgreSQL ends connections, rows are locked, and answers get lost: a message with its `ok` is stored once."""

import asyncio
import contextlib
import random
import uuid

import pytest
from django.conf import settings
from django.db import connection

from chat.live.source import ChatSource
from chat.models import Message, User
from chat.services import Draft
from delivery.node import Node
from delivery.wire.errors import NotFound, Refused, Unavailable
from tests.conftest import Cast, in_thread, locked

pytestmark = pytest.mark.by_hand

ROUNDS = 150


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_cut_what_had_its_ok_is_there_once(transactional_db: None, cast: Cast, seed: int) -> None:
    chance, accepted, refused = random.Random(seed), dict[uuid.UUID, str](), set[uuid.UUID]()
    node = Node(ChatSource(), settings.LIMITS, database_threads=8)

    async def say(sender: User, body: str, answered: int | None) -> None:
        key = uuid.uuid4()
        draft = Draft(channel=cast.team.pk, sender=sender.pk, client_msg_id=key, body=body, reply_to=answered)
        for _ in range(100):
            try:
                await node.queue.submit(draft)
            except Unavailable:
                await asyncio.sleep(0.1)
            except NotFound:
                refused.add(key)
                return
            else:
                accepted[key] = body
                return

    try:
        for n in range(ROUNDS):
            said = [
                asyncio.create_task(say(chance.choice([cast.alice, cast.bob]), f"{n}.{m}", await _any(chance)))
                for m in range(chance.randint(1, 4))
            ]
            await asyncio.sleep(chance.choice([0, 0.001, 0.005]))
            await chance.choice([_cut, _take_away, _hold, _nothing, _nothing])(node, cast)
            await asyncio.gather(*said)
    finally:
        await node.nursery.end()
        node.close_threads()
    assert not any(isinstance(each, Refused) for each in accepted.values())
    rows = await in_thread(lambda: list(Message.objects.filter(kind="text").values_list("client_msg_id", "body")))
    there, gone = dict(rows), await in_thread(lambda: _gone)
    assert len(rows) == len(there)
    assert {key: body for key, body in accepted.items() if key not in gone} == there
    assert not refused & there.keys()
    print(f"seed {seed}: {len(accepted)} accepted, {len(refused)} refused, {len(gone)} taken away")
    _gone.clear()


_gone: set[uuid.UUID] = set()


async def _any(chance: random.Random) -> int | None:
    pks = await in_thread(
        lambda: list(Message.objects.filter(kind="text").order_by("-seq").values_list("pk", flat=True)[:2])
    )
    return chance.choice([None, *pks])


async def _nothing(node: Node, cast: Cast) -> None:
    await asyncio.sleep(0)


async def _cut(node: Node, cast: Cast) -> None:
    def cut() -> None:
        with connection.cursor() as cursor:
            # When they are gone: until then the pool can't know of it, and would give one to a read of the test's own.
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%post_drafts%'"
            )

    await in_thread(cut)


async def _take_away(node: Node, cast: Cast) -> None:
    def take() -> None:
        # As retention does; not where others were faster.
        with contextlib.suppress(Exception):
            for row in Message.objects.filter(kind="text").order_by("-seq")[:2]:
                row.delete()
                _gone.add(row.client_msg_id)

    await in_thread(take)


async def _hold(node: Node, cast: Cast) -> None:
    with locked(cast.team):
        await asyncio.sleep(0.02)
