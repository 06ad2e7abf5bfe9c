"""Rights at the desk: only its agents; for all other users the conversation does not exist."""

import datetime
import uuid
from collections.abc import Callable

import pytest
from django.conf import settings

from chat import clock
from chat.allowances.table import DESK_ACTS
from chat.middleware import caller
from chat.models import Conversation, Door, Member, Message, User
from chat.support import services
from chat.support.models import Agent
from delivery.wire.errors import (
    NotFound,
    RateLimited,
    Refused,
)
from tests.stage.accounts import people_called
from tests.stage.counting import has_done
from tests.stage.support import Desk, Visit, visit

TOMORROW = datetime.timedelta(days=1)


def left(user: User) -> None:
    Agent.objects.filter(user=user).delete()
    Member.objects.filter(user=user).delete()


def banned(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


ACTS: dict[str, Callable[[User, int], object]] = {
    "claim": lambda user, pk: services.claim(user, conversation=pk),
    "release": lambda user, pk: services.release(user, conversation=pk),
    "assign": lambda user, pk: services.assign(user, conversation=pk, agent=user),
    "take over": lambda user, pk: services.take_over(user, conversation=pk),
    "enter": lambda user, pk: services.enter(user, conversation=pk),
    "note": lambda user, pk: services.note(user, conversation=pk, client_msg_id=uuid.uuid4(), body="Odd."),
    "snooze": lambda user, pk: services.snooze(user, conversation=pk, until=clock.now() + TOMORROW),
    "set pending": lambda user, pk: services.set_pending(user, conversation=pk),
    "resolve": lambda user, pk: services.resolve(user, conversation=pk),
    "resolve with an answer": lambda user, pk: services.resolve(
        user, conversation=pk, client_msg_id=uuid.uuid4(), body="bye"
    ),
    "reopen": lambda user, pk: services.reopen(user, conversation=pk),
    "revise": lambda user, pk: services.revise(user, conversation=pk, priority="high"),
    "look": lambda user, pk: services.ticket_of(user, conversation=pk),
}


def refusal_of(do: Callable[[User, int], object], who: User, conversation: int) -> type[Refused] | None:
    try:
        do(who, conversation)
    except Refused as refused:
        return type(refused)
    return None


def test_for_everybody_but_the_inboxs_agents_there_is_no_such_conversation(
    desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    owner, agent = User.objects.get(is_superuser=True), people_called("tom")["tom"]
    elsewhere = services.create_inbox(owner, name="Other", agents=[agent])
    services.add_agent(owner, inbox=elsewhere, user=desk.dan, supervises=True)
    services.claim(desk.ada, conversation=conversation.pk)
    services.claim(desk.ben, conversation=vera.begin("more").pk)
    left(desk.ben)
    banned(desk.cleo)
    before = Conversation.objects.values().get(pk=conversation.pk), Message.objects.count()
    outside = [vera.visitor, visit(elsewhere).visitor]
    strangers = [desk.dan, agent, *outside, desk.ben, desk.cleo, people_called("member")["member"]]
    for who in strangers:
        for act, do in ACTS.items():
            assert refusal_of(do, who, conversation.pk) is NotFound, (who, act)
    for channel in (desk.inbox.desk_id, 0):
        for do in ACTS.values():
            with pytest.raises(NotFound):
                do(desk.ada, channel)
    assert (Conversation.objects.values().get(pk=conversation.pk), Message.objects.count()) == before


@pytest.mark.holds("desk_acts_per_minute")
def test_acts_of_an_agent_are_bounded(desk: Desk, conversation: Conversation) -> None:
    has_done(settings.LIMITS.desk_acts_per_minute - 1, allowance=DESK_ACTS, user=desk.ada)
    with caller.with_origin(Door.API, None):
        services.claim(desk.ada, conversation=conversation.pk)
        with pytest.raises(RateLimited):
            services.release(desk.ada, conversation=conversation.pk)
        services.take_over(desk.ben, conversation=conversation.pk)
