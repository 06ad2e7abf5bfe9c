"""A person who was erased while online: the later write of last-seen times says nothing about the time."""

import pytest

from chat import services
from chat.models import Member, User
from chat.services.channels import open_direct_channel
from chat.services.presence import Sighting, note_seen
from chatproject.erasing import finish_erasure
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def seen_with(user: User, channel: int) -> tuple[object, object]:
    return Member.objects.values_list("last_seen", "last_typing").get(channel=channel, user=user)


def test_nothing_is_noted_of_who_was_erased(cast: Cast) -> None:
    channel, _ = open_direct_channel(cast.alice, others=[cast.bob])
    services.begin_erasure(None, user=cast.alice.pk, keeps_messages=True, reason="asked for")
    finish_erasure(cast.alice.pk)
    people = {user.pk: Sighting("offline", 30.0) for user in (cast.alice, cast.bob)}
    note_seen(people, {(channel.pk, user): 40.0 for user in people})
    assert seen_with(cast.alice, channel.pk) == (None, None)
    assert None not in seen_with(cast.bob, channel.pk)
