"""What the position check compares of memberships: as the rows say, and one by one only where somebody knows something else."""

import datetime
from typing import Any

import pytest

from chat import clock, services
from chat.live.source import ChatSource
from chat.models import Channel, Member
from delivery.node import Node
from tests.conftest import Cast, in_thread


@pytest.mark.django_db
def test_memberships_are_read_as_the_lists_of_their_people_are(cast: Cast) -> None:
    made = [services.open_channel(cast.alice, name=f"{n}", members=[cast.bob]).pk for n in range(4)]
    past = clock.now() - datetime.timedelta(days=1)
    Channel.objects.filter(pk=made[0]).update(archived_at=past)
    Channel.objects.filter(pk=made[1]).update(archived_at=past - datetime.timedelta(days=10_000))
    Member.objects.filter(channel=made[2]).update(listed_until=past)
    Member.objects.filter(channel=made[3], user=cast.bob).update(
        listed_until=past + datetime.timedelta(days=2), version=7
    )
    people = [cast.alice.pk, cast.bob.pk, cast.charlie.pk]
    rows = Member.objects.of(people).in_lists().values_list("user_id", "channel_id", "version")
    found = ChatSource().memberships(people)
    assert {(user, *each) for user in found for each in found[user].items()} == set(rows)
    assert (found[cast.charlie.pk], found[cast.bob.pk][made[3]]) == ({}, 7)
    assert {made[0], made[3]} <= found[cast.alice.pk].keys()
    assert not {made[1], made[2]} & found[cast.alice.pk].keys()


async def test_of_who_knows_what_the_rows_say_no_membership_is_looked_at(
    node: Node, follow: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[set[int]] = []
    heal = node.accesses._heal_what_began

    async def noted(rows: Any) -> None:
        looked_at.append(set(rows))
        await heal(rows)

    monkeypatch.setattr(node.accesses, "_heal_what_began", noted)
    bob, charlie = await follow(cast, cast.bob), await follow(cast, cast.charlie)
    await node.check_positions()
    await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    for _ in range(2):
        await node.check_positions()
    assert looked_at == [set(), {cast.charlie.pk}, set()]
    assert [frame["action"] for frame in charlie.frames if frame["op"] == "channel"] == ["joined"]
    assert [frame["action"] for frame in bob.frames if frame["op"] == "channel"] == ["removed"]
