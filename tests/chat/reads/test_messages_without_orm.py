"""Messages that are read without the ORM: every column equals the ORM's, for every query."""

import datetime
import random
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from chat import services, shapes
from chat.models import Channel, Message, MessageKind, MessageStatus, User
from chat.reads.sent import beside, changed_in, changed_since, messages_by_id
from chat.shapes.columns import MessageColumns
from delivery.wire.codec import encode
from tests.conftest import Cast
from tests.stage.moments import DAY

pytestmark = pytest.mark.django_db

#: Words that each spelling on the way could spoil.
WORDS = ("", "plain", "é𝔘\u200d👩‍🚀", 'a "quote" \\ and \t', "%s {} $1", "x" * 2048)
FILE = {"id": 9, "name": 'ü ".png', "size": 2**40, "type": "image/png", "url": "/files/9/", "width": 1, "height": 2}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.by_hand) for seed in range(1, 25))])
def test_however_messages_are_asked_for_they_are_what_the_orm_reads(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    people = (cast.alice, cast.bob, cast.sam)
    channels = [cast.team, *(services.open_channel(cast.alice, name=f"{n}") for n in range(2))]
    for channel in channels:
        _fill(channel, people, chance.randint(1, 30), chance)
    rows = list(Message.objects.select_related("sender").order_by("seq"))
    for _ in range(40):
        channel, number, limit = chance.choice(channels), chance.randint(0, 200), chance.randint(0, 12)
        here = [row for row in rows if row.channel_id == channel.pk]
        in_thread = [row for row in rows if row.thread_id == here[0].pk]
        for where, pk, those in (("channel_id", channel.pk, here), ("thread_id", here[0].pk, in_thread)):
            older, newer = beside(where, pk, number, older=limit, newer=limit + 1)  # type: ignore[arg-type]
            assert spelled(older) == spelled([row for row in those if row.seq < number][::-1][:limit])
            assert spelled(newer) == spelled([row for row in those if row.seq >= number][: limit + 1][::-1])
        assert spelled(changed_since(channel.pk, number, limit=limit)) == spelled(changed(here, number)[:limit])
        held = {each.pk: chance.randint(0, 200) for each in chance.sample(channels, chance.randint(1, 3))}
        found = changed_in(held, limit=limit)
        for pk, rev in held.items():
            of_it = [row for row in found if row.channel_id == pk]
            assert spelled(of_it) == spelled(changed([row for row in rows if row.channel_id == pk], rev)[:limit])
        assert {row.channel_id for row in found} <= held.keys()
        some = chance.sample(rows, min(limit, len(rows)))
        by_id = messages_by_id([*(row.pk for row in some), 1])
        assert spelled(by_id[row.pk] for row in some) == spelled(some)
        assert len(by_id) == len(some)


def spelled(rows: Iterable[Message | MessageColumns]) -> list[bytes]:
    return [encode(shapes.message_of(row)) for row in rows]


def changed(rows: Sequence[Message], rev: int) -> list[Message]:
    return sorted((row for row in rows if row.rev > rev), key=lambda row: row.rev)


def _fill(channel: Channel, people: Sequence[User], count: int, chance: random.Random) -> None:
    """After what stands there; the first of these is the root of some of them. Numbers have holes, as reactions leave them."""
    places = sorted(chance.sample(range(10, 150), count))
    later = chance.sample(range(150, 200), count)
    root: Message | None = None
    for seq, rev in zip(places, later, strict=True):
        row = _made(channel, chance.choice(people), chance, seq=seq, rev=chance.choice([seq, rev]))
        row.thread = chance.choice([None, root])
        row.save()
        root = root or row


def _made(channel: Channel, sender: User, chance: random.Random, *, seq: int, rev: int) -> Message:
    def maybe(value: Any) -> Any:
        return chance.choice([None, value])

    moment = DAY + datetime.timedelta(microseconds=chance.randint(0, 10**12))
    is_system = chance.random() < 0.2
    body = chance.choice(WORDS)
    return Message(
        client_msg_id=uuid.UUID(int=chance.getrandbits(128)),
        channel=channel,
        sender=sender,
        said_as=chance.choice(["", "Support", "Ä."]),
        kind=MessageKind.SYSTEM if is_system else MessageKind.TEXT,
        event={"type": "member.joined", "user": sender.pk} if is_system else None,
        body=body,
        seq=seq,
        rev=rev,
        created_at=moment,
        edited_at=maybe(moment),
        deleted_at=maybe(moment) if body else moment,
        pinned_at=maybe(moment),
        status=chance.choice(list(MessageStatus)),
        delivered_at=maybe(moment),
        read_at=maybe(moment),
        also_in_channel=chance.choice([True, False]),
        reply_count=chance.choice([0, 3]),
        last_reply_seq=maybe(seq),
        last_reply_at=maybe(moment),
        repliers=maybe([sender.pk, 2**40]),
        reactions=maybe([["👩‍🚀", [sender.pk, 5]], ["👍", [7]]]),
        mentions=maybe({"users": [sender.pk], "everyone": chance.choice([True, False])}),
        files=maybe([FILE]),
    )
