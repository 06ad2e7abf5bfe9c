"""How long an agent holds a support conversation: as long as they work, by PostgreSQL's clock."""

import datetime

import pytest

from chat import clock, services
from chat.models import Conversation
from chat.services.leases import keep_leases
from tests.conftest import Cast
from tests.stage.support import held_by


@pytest.fixture
def held(cast: Cast) -> Conversation:
    """vera's, held by sam for one more minute."""
    conversation = held_by(cast.sam, visitor=cast.vera)
    conversation.lease_until = clock.now() + datetime.timedelta(seconds=60)
    conversation.save(update_fields=["lease_until"])
    return conversation


def seconds_left(conversation: Conversation) -> float:
    conversation.refresh_from_db()
    assert conversation.lease_until is not None
    return (conversation.lease_until - clock.now()).total_seconds()


def test_who_works_in_what_they_hold_has_it_for_the_whole_lease_again(cast: Cast, held: Conversation) -> None:
    keep_leases([(held.pk, cast.bob.pk), (held.pk, cast.vera.pk), (cast.team.pk, cast.sam.pk)])
    assert seconds_left(held) < 61
    keep_leases([(held.pk, cast.sam.pk)])
    assert 895 < seconds_left(held) < 905


def test_reading_is_work_and_what_arrives_by_itself_is_none(cast: Cast, held: Conversation) -> None:
    services.move_cursors({(held.pk, cast.sam.pk): (1, 0)})
    assert seconds_left(held) < 61
    services.read_channel(cast.sam, channel=held.pk, seq=1)
    assert seconds_left(held) > 895
