"""Who holds a conversation: claim, release, assign, take over."""

import datetime
from collections.abc import Callable

import pytest

from chat import clock
from chat.models import AuditEntry, Channel, Conversation, Member, Message, User
from chat.support import services
from chat.support.models import Agent
from delivery.wire.errors import (
    AtCapacity,
    Claimed,
    Forbidden,
    Invalid,
)
from tests.conftest import say
from tests.stage.support import Desk, Visit, note

TOMORROW = datetime.timedelta(days=1)


def lines(channel: int) -> list[str]:
    """The types of what happened in a log."""
    rows = Message.objects.filter(channel=channel, kind="system").order_by("seq")
    return [row.event["type"] for row in rows if row.event]


def row_of(conversation: Conversation) -> Conversation:
    return Conversation.objects.select_related("assignee").get(pk=conversation.pk)


def lapse(conversation: Conversation) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(lease_until=clock.now() - TOMORROW)


def test_who_claims_holds_it_and_the_customer_knows_who_answers(desk: Desk, conversation: Conversation) -> None:
    row = services.claim(desk.ada, conversation=conversation.pk)
    assert (row.assignee, row.state, row.waiting_since) == (desk.ada, "open", conversation.waiting_since)
    assert row.lease_until is not None
    assert lines(conversation.pk) == ["conversation.begun", "conversation.claimed"]
    said = Message.objects.get(channel=conversation.pk, event__type="conversation.claimed")
    assert (said.event, said.body) == ({"type": "conversation.claimed", "user": desk.ada.pk}, "Ada answers now")
    assert Member.objects.get(channel=conversation.pk, user=desk.ada).joined_rev == said.seq
    event = Message.objects.filter(channel=desk.inbox.desk).latest("seq").event
    assert event is not None
    assert (event["assignee"], event["by"], event["conversation"]) == (desk.ada.pk, desk.ada.pk, conversation.pk)


def test_claiming_again_says_nothing_twice(desk: Desk, conversation: Conversation) -> None:
    first = services.claim(desk.ada, conversation=conversation.pk).lease_until
    heads = [Channel.objects.get(pk=pk).head for pk in (conversation.pk, desk.inbox.desk_id)]
    second = services.claim(desk.ada, conversation=conversation.pk).lease_until
    assert first is not None
    assert second is not None
    assert second > first
    assert [Channel.objects.get(pk=pk).head for pk in (conversation.pk, desk.inbox.desk_id)] == heads


def test_what_somebody_holds_is_claimed_by_nobody_else(desk: Desk, vera: Visit, conversation: Conversation) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    with pytest.raises(Claimed) as refused:
        services.claim(desk.ben, conversation=conversation.pk)
    assert refused.value.who.id == desk.ada.pk
    # It runs only while the customer waits.
    say(desk.ada, conversation.channel, "It left today.")
    lapse(conversation)
    with pytest.raises(Claimed):
        services.claim(desk.ben, conversation=conversation.pk)
    say(vera.visitor, conversation.channel, "when?")
    lapse(conversation)
    assert services.claim(desk.ben, conversation=conversation.pk).assignee == desk.ben


def banned(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def without_role(user: User) -> None:
    Agent.objects.filter(user=user).delete()


def left(user: User) -> None:
    without_role(user)
    Member.objects.filter(user=user).delete()


@pytest.mark.parametrize("gone", [banned, without_role, left])
@pytest.mark.parametrize("state", ["open", "pending", "snoozed", "resolved"])
def test_an_agent_who_has_gone_holds_nothing_back(
    desk: Desk, conversation: Conversation, gone: Callable[[User], None], state: str
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    in_state(desk, conversation, state)
    gone(desk.ada)
    assert services.claim(desk.ben, conversation=conversation.pk).assignee == desk.ben
    assert services.resolve(desk.sue, conversation=conversation.pk).state == "resolved"
    assert services.reopen(desk.sue, conversation=conversation.pk).state == "open"


def in_state(desk: Desk, conversation: Conversation, state: str) -> None:
    place = {"conversation": conversation.pk}
    if state == "pending":
        services.set_pending(desk.ada, **place)
    elif state == "snoozed":
        services.snooze(desk.ada, **place, until=clock.now() + TOMORROW)
    elif state == "resolved":
        services.resolve(desk.ada, **place)


def test_released_it_waits_at_its_old_place_and_the_customer_hears_nothing(
    desk: Desk, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    head = Channel.objects.get(pk=conversation.pk).head
    with pytest.raises(Forbidden):
        services.release(desk.ben, conversation=conversation.pk)
    row = services.release(desk.ada, conversation=conversation.pk)
    assert (row.assignee, row.lease_until, row.waiting_since) == (None, None, conversation.waiting_since)
    services.release(desk.ada, conversation=conversation.pk)
    assert Channel.objects.get(pk=conversation.pk).head == head
    assert lines(desk.inbox.desk_id).count("conversation.released") == 1


def test_supervisors_and_who_holds_it_assign(desk: Desk, conversation: Conversation) -> None:
    place = {"conversation": conversation.pk}
    with pytest.raises(Forbidden):
        services.assign(desk.ben, **place, agent=desk.ben)
    assert services.assign(desk.sue, **place, agent=desk.ada).assignee == desk.ada
    assert services.assign(desk.ada, **place, agent=desk.ben).assignee == desk.ben
    for stranger in (desk.dan, row_of(conversation).visitor):
        with pytest.raises(Invalid):
            services.assign(desk.sue, **place, agent=stranger)
    assert list(AuditEntry.objects.filter(act="support.assigned").values_list("actor", "whom").order_by("pk")) == [
        (desk.sue.pk, desk.ada.pk),
        (desk.ada.pk, desk.ben.pk),
    ]


def test_taking_over_is_said_openly_and_kept(desk: Desk, conversation: Conversation) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    note(desk.ada, conversation)
    assert services.take_over(desk.ben, conversation=conversation.pk).assignee == desk.ben
    notes = row_of(conversation).notes_id
    assert notes is not None
    assert Message.objects.filter(channel=notes).latest("seq").body == "Ben took this over from Ada"
    assert Member.objects.filter(channel=notes, user=desk.ben).exists()
    assert AuditEntry.objects.get(act="support.taken").details == {"from": desk.ada.pk, "to": desk.ben.pk}
    assert lines(conversation.pk)[-1] == "conversation.claimed"


def test_nobody_holds_more_than_they_can(desk: Desk, vera: Visit) -> None:
    Agent.objects.filter(user=desk.ada).update(capacity=1)
    Agent.objects.filter(user=desk.ben).update(capacity=0)
    first, second = vera.begin(), vera.begin("Another thing")
    services.claim(desk.ada, conversation=first.pk)
    for full in (desk.ada, desk.ben):
        for verb in (services.claim, services.take_over):
            with pytest.raises(AtCapacity):
                verb(full, conversation=second.pk)
        with pytest.raises(AtCapacity):
            services.assign(desk.sue, conversation=second.pk, agent=full)
    services.resolve(desk.ada, conversation=first.pk)
    assert services.claim(desk.ada, conversation=second.pk).assignee == desk.ada
