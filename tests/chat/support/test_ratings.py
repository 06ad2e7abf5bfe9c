"""Customers' ratings: once an episode, and only of their own conversations."""

import pytest

from chat import clock
from chat.models import Conversation
from chat.support.models import Inbox, Rating
from chat.support.services.rating import is_asked, rate, rated_by
from delivery.wire.errors import Conflict, Forbidden, Invalid, NotFound, TooLong
from tests.stage.support import Desk, Visit, answer
from tests.stage.support import visit as visit_of

pytestmark = pytest.mark.django_db(transaction=True)


def resolve(conversation: Conversation, *, episode: int = 1) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(
        state="resolved", resolved_at=clock.now(), assignee=None, waiting_since=None, episode=episode
    )


def test_a_second_answer_replaces_nothing_and_another_episode_asks_anew(
    desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    answer(desk.ada, conversation, "It is on its way.")
    resolve(conversation)
    assert is_asked(rated_by(vera.visitor, conversation.pk))
    first, is_new = rate(vera.visitor, conversation=conversation.pk, score=5, comment="Quick!\nThanks.")
    again, is_new_again = rate(vera.visitor, conversation=conversation.pk, score=1)
    assert (is_new, is_new_again, again) == (True, False, first)
    assert (again.score, again.comment, again.agent) == (5, "Quick!\nThanks.", desk.ada)
    assert not is_asked(rated_by(vera.visitor, conversation.pk))
    resolve(conversation, episode=2)
    assert is_asked(rated_by(vera.visitor, conversation.pk))
    assert rate(vera.visitor, conversation=conversation.pk, score=2)[1]
    assert list(Rating.objects.order_by("episode").values_list("score", flat=True)) == [5, 2]


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_is_from_one_to_five(vera: Visit, conversation: Conversation, score: int) -> None:
    resolve(conversation)
    with pytest.raises(Invalid):
        rate(vera.visitor, conversation=conversation.pk, score=score)


def test_it_is_rated_once_it_is_resolved_and_where_it_is_asked(
    desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    with pytest.raises(Conflict):
        rate(vera.visitor, conversation=conversation.pk, score=3)
    resolve(conversation)
    Inbox.objects.update(asks_rating=False)
    with pytest.raises(Forbidden):
        rate(vera.visitor, conversation=conversation.pk, score=3)


def test_nobody_else_rates_it(desk: Desk, vera: Visit, conversation: Conversation) -> None:
    resolve(conversation)
    for other in (visit_of(desk.inbox, "Otto").visitor, desk.ada):
        with pytest.raises(NotFound):
            rate(other, conversation=conversation.pk, score=3)


@pytest.mark.parametrize("comment", ["x" * 1001, "a\x00b", "\ud800"])
def test_a_comment_is_bounded_text(vera: Visit, conversation: Conversation, comment: str) -> None:
    resolve(conversation)
    with pytest.raises((Invalid, TooLong)):
        rate(vera.visitor, conversation=conversation.pk, score=3, comment=comment)
