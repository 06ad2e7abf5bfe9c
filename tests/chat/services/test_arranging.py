"""A member's own settings of a channel: its place in their list, and the newest line there."""

import uuid

import pytest

from chat import services
from chat.models import Channel, Member, Message
from chat.reads.channels import channels_among
from chat.services import Draft, post_messages
from delivery.wire.errors import Invalid, NotFound
from tests.conftest import Cast, said

pytestmark = pytest.mark.django_db


def test_a_place_in_ones_list_is_ones_own(cast: Cast) -> None:
    before = Member.objects.get(channel=cast.team, user=cast.bob)
    services.arrange_channel(cast.bob, channel=cast.team.pk, favourite=True, section="  My   projects ")
    own = channels_among(cast.bob.pk, [cast.team.pk])[cast.team.pk]
    assert (own.favourite, own.section) == (True, "My projects")
    others = channels_among(cast.alice.pk, [cast.team.pk])[cast.team.pk]
    assert (others.favourite, others.section) == (False, "")
    # Other devices are told by the membership's version, and the channel's log has not moved.
    after = Member.objects.get(pk=before.pk)
    assert after.version == before.version + 1
    head = Channel.objects.get(pk=cast.team.pk).head
    services.arrange_channel(cast.bob, channel=cast.team.pk, favourite=True, section="My projects")
    assert Member.objects.get(pk=before.pk).version == after.version
    services.arrange_channel(cast.bob, channel=cast.team.pk, section="")
    assert channels_among(cast.bob.pk, [cast.team.pk])[cast.team.pk].favourite is True
    assert Channel.objects.get(pk=cast.team.pk).head == head


@pytest.mark.parametrize("section", ["x" * 41, "two\nlines", "‮back", "​"])
def test_a_heading_is_a_name(cast: Cast, section: str) -> None:
    with pytest.raises(Invalid, match="A section's name"):
        services.arrange_channel(cast.bob, channel=cast.team.pk, section=section)


def test_who_is_not_in_it_has_it_nowhere_in_their_list(cast: Cast) -> None:
    with pytest.raises(NotFound):
        services.arrange_channel(cast.charlie, channel=cast.team.pk, favourite=True)


def test_the_newest_line_is_what_is_still_there_and_heard(cast: Cast) -> None:
    def last(user: object = cast.bob) -> str | None:
        found = channels_among(user.pk, [cast.team.pk])[cast.team.pk].last  # type: ignore[attr-defined]
        return None if not found else found.text

    assert last() is None
    said(cast.alice, cast.team, "one\n two  " + "x" * 200)
    said(cast.bob, cast.team, "newest")
    assert last() == "newest"
    services.delete_message(cast.bob, channel=cast.team.pk, message=Message.objects.get(body="newest").pk)
    assert last() == "one two " + "x" * 112
    services.block_user(cast.bob, whom=cast.alice)
    assert last() is None
    assert last(cast.alice) == "one two " + "x" * 112


def test_people_name_a_conversation_of_several_and_take_the_name_away(cast: Cast) -> None:
    group, _ = services.open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])
    unnamed = channels_among(cast.alice.pk, [group.pk])[group.pk]
    assert (unnamed.name, unnamed.is_named) == ("Bob, Charlie", False)
    services.revise_channel(cast.bob, channel=group.pk, name="Lunch")
    named = channels_among(cast.alice.pk, [group.pk])[group.pk]
    assert (named.name, named.is_named) == ("Lunch", True)
    assert [person.username for person in named.people or []] == ["bob", "charlie"]
    line = Message.objects.filter(channel=group).latest("seq")
    assert (line.event, line.body) == ({"type": "channel.renamed", "name": "Lunch"}, "Bob named the conversation Lunch")
    services.revise_channel(cast.charlie, channel=group.pk, name="")
    assert channels_among(cast.alice.pk, [group.pk])[group.pk].name == "Bob, Charlie"
    # It is the same conversation under any name.
    services.revise_channel(cast.bob, channel=group.pk, name="Lunch")
    again, is_new = services.open_direct_channel(cast.charlie, others=[cast.alice, cast.bob])
    assert (again.pk, is_new) == (group.pk, False)


def test_a_channel_keeps_a_name(cast: Cast) -> None:
    with pytest.raises(Invalid, match="needs a name"):
        services.revise_channel(cast.alice, channel=cast.team.pk, name="")
    draft = Draft(channel=cast.team.pk, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body="still there")
    post_messages([draft])
    assert Channel.objects.get(pk=cast.team.pk).name == "team"
