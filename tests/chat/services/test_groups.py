"""Direct conversations of three and more: leaving, returning, muting, and moderation by the staff."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from chat import clock, services
from chat.models import Channel, Member, Message, User
from chat.reads.channels import channels_of
from delivery.wire.errors import Forbidden, Muted, NotFound, Removed
from tests.conftest import Cast, in_thread, said, say
from tests.stage.moderation import staff
from tests.stage.servers import Server, expect
from tests.stage.sockets import push

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(cast: Cast) -> Channel:
    """alice, bob and charlie."""
    return services.open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])[0]


def told(user: User, channel: Channel) -> dict[str, Any]:
    return next(msgspec.to_builtins(known) for known in channels_of(user.pk) if known.id == channel.pk)


def test_who_leaves_is_gone_and_the_others_go_on(cast: Cast, group: Channel) -> None:
    said(cast.charlie, group, "bye")
    services.leave_channel(cast.charlie, channel=group.pk)
    with pytest.raises(NotFound):
        services.leave_channel(cast.charlie, channel=group.pk)
    said(cast.bob, group, "they are gone")
    events = [row.event for row in Message.objects.filter(channel=group, kind="system").order_by("seq")]
    assert events[-1] is not None
    assert (events[-1]["type"], events[-1]["user"], events[-1]["member_count"]) == ("member.left", cast.charlie.pk, 2)
    assert isinstance(say(cast.charlie, group), NotFound)
    assert Message.objects.filter(channel=group, sender=cast.charlie, body="bye").exists(), "history stays"
    seen = told(cast.alice, group)
    assert (seen["name"], seen["is_group"], [person["username"] for person in seen["people"]]) == (
        "Bob (group)",
        True,
        ["bob"],
    )
    assert "leave" in seen["can"]


def is_in(user: User, channel: Channel) -> bool:
    return Member.objects.filter(user=user, channel=channel).exists()


def test_the_same_people_have_the_same_conversation_and_only_the_one_who_left_comes_back_in(
    cast: Cast, group: Channel
) -> None:
    services.leave_channel(cast.charlie, channel=group.pk)
    again, is_new = services.open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])
    assert (again.pk, is_new, is_in(cast.charlie, group)) == (group.pk, False, False), "nobody is dragged back"
    two, is_new = services.open_direct_channel(cast.alice, others=[cast.bob])
    assert (two.pk != group.pk, is_new) == (True, True), "those who are left have their own"
    for _ in range(2):
        again, is_new = services.open_direct_channel(cast.charlie, others=[cast.bob, cast.alice])
        assert (again.pk, is_new, is_in(cast.charlie, group)) == (group.pk, False, True)
    assert Channel.objects.get(pk=group.pk).member_count == 3
    said(cast.charlie, group)


def test_all_leave_and_one_comes_back(cast: Cast, group: Channel) -> None:
    for user in (cast.alice, cast.bob, cast.charlie):
        services.leave_channel(user, channel=group.pk)
    services.open_direct_channel(cast.bob, others=[cast.alice, cast.charlie])
    said(cast.bob, group, "anybody here?")


def test_a_conversation_of_two_cant_be_left(cast: Cast) -> None:
    two, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    with pytest.raises(Forbidden):
        services.leave_channel(cast.alice, channel=two.pk)


def test_the_staff_mute_and_remove_in_a_group_and_the_removed_stay_out(cast: Cast, group: Channel) -> None:
    mo = staff("mo", "Moderator")
    row = Message.objects.get(pk=_said(cast.charlie, group))
    report, _ = services.report_message(cast.bob, channel=group.pk, message=row.pk, reason="rude")
    services.delete_message(mo, channel=group.pk, message=row.pk, reason="rude")
    report.refresh_from_db()
    assert report.verdict == "upheld"
    services.mute_member(mo, channel=group.pk, user=cast.bob, until=clock.now() + timedelta(hours=1), reason="loud")
    assert isinstance(say(cast.bob, group), Muted)
    services.remove_member(mo, channel=group.pk, user=cast.charlie, reason="rude")
    with pytest.raises(Removed):
        services.open_direct_channel(cast.charlie, others=[cast.alice, cast.bob])
    services.readmit_member(mo, channel=group.pk, user=cast.charlie, reason="sorry")
    services.open_direct_channel(cast.charlie, others=[cast.alice, cast.bob])
    services.leave_channel(cast.bob, channel=group.pk)
    services.open_direct_channel(cast.bob, others=[cast.alice, cast.charlie])
    assert isinstance(say(cast.bob, group), Muted)


def _said(user: User, channel: Channel) -> int:
    said(user, channel, "something rude")
    return Message.objects.filter(channel=channel).latest("seq").pk


@pytest.mark.django_db(transaction=True)
async def test_the_others_hear_it_at_the_socket_and_it_is_kept_quiet_over_http(
    servers: list[Server], cast: Cast
) -> None:
    given = {"kind": "direct", "members": [cast.bob.pk, cast.charlie.pk]}
    with servers[0].http(cast.token(cast.alice)) as alice, servers[1].http(cast.token(cast.charlie)) as charlie:
        opened = await in_thread(alice.post, "/channels/", json=given)
        pk = opened.json()["id"]
        quiet = await in_thread(charlie.patch, f"/channels/{pk}/membership/", json={"notify_level": "none"})
        assert quiet.json()["notify_level"] == "none"
        async with (
            servers[1].connect(cast.token(cast.bob)) as bob,
            servers[0].connect(cast.token(cast.charlie)) as gone,
        ):
            assert (await in_thread(charlie.post, f"/channels/{pk}/leave/")).status_code == 204
            assert (await push(gone, "channel", within=3))["action"] == "removed"
            [left] = await expect(lambda: bob.changes.get(pk))
            assert (left["event"]["type"], left["event"]["username"]) == ("member.left", "charlie")
            back = await in_thread(
                charlie.post, "/channels/", json={"kind": "direct", "members": [cast.alice.pk, cast.bob.pk]}
            )
            assert (back.status_code, back.json()["id"], back.json()["is_member"]) == (200, pk, True)
            assert (await push(gone, "channel", within=3))["action"] == "joined"
