"""Snoozing, pending, resolving, and reopening."""

import datetime
import uuid
from typing import Any

import pytest

from chat import clock
from chat.models import Channel, Conversation, Message
from chat.reads.channels import channels_of
from chat.support import services
from delivery.wire.errors import (
    Conflict,
    Invalid,
    Overtaken,
)
from tests.conftest import say
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, note

TOMORROW = datetime.timedelta(days=1)


def lines(channel: int) -> list[str]:
    """The types of what happened in a log."""
    rows = Message.objects.filter(channel=channel, kind="system").order_by("seq")
    return [row.event["type"] for row in rows if row.event]


def row_of(conversation: Conversation) -> Conversation:
    return Conversation.objects.select_related("assignee").get(pk=conversation.pk)


@pytest.mark.holds("resolved_hours")
def test_resolved_it_is_nobodys_and_falls_out_of_the_agents_lists_a_day_later(
    standing_clock: datetime.datetime, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    note(desk.ada, conversation)
    row = services.resolve(desk.ben, conversation=conversation.pk)
    assert (row.state, row.assignee, row.former_assignee, row.waiting_since) == ("resolved", None, desk.ada, None)
    services.resolve(desk.ben, conversation=conversation.pk)
    assert lines(conversation.pk).count("conversation.resolved") == 1
    its = {conversation.pk, row.notes_id}
    with clock.at(clock.now() + datetime.timedelta(hours=23)):
        assert its <= {seen.id for seen in channels_of(desk.ada.pk)}
    with clock.at(clock.now() + datetime.timedelta(hours=25)):
        assert not its & {seen.id for seen in channels_of(desk.ada.pk)}
        assert conversation.pk in {seen.id for seen in channels_of(vera.visitor.pk)}
    services.reopen(desk.ben, conversation=conversation.pk)
    with clock.at(clock.now() + datetime.timedelta(hours=25)):
        assert its <= {seen.id for seen in channels_of(desk.ada.pk)}


def test_resolved_with_an_answer_or_not_at_all(desk: Desk, conversation: Conversation) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    seen = Channel.objects.get(pk=conversation.pk).head
    say(desk.ada, conversation.channel, "It left today.")
    answer: dict[str, Any] = {"client_msg_id": uuid.uuid4(), "body": "Have a nice day!"}
    before = Channel.objects.get(pk=conversation.pk).head
    with pytest.raises(Overtaken):
        services.resolve(desk.ben, conversation=conversation.pk, **answer, seen_seq=seen)
    with pytest.raises(Overtaken):
        # Of somebody who was never in it, nothing counts as seen.
        services.resolve(desk.cleo, conversation=conversation.pk, **answer)
    assert (row_of(conversation).state, Channel.objects.get(pk=conversation.pk).head) == ("open", before)
    for _ in range(2):
        assert services.resolve(desk.ben, conversation=conversation.pk, **answer, seen_seq=before).state == "resolved"
    assert Message.objects.filter(body="Have a nice day!").count() == 1
    assert lines(conversation.pk).count("conversation.resolved") == 1


def test_a_repeat_of_the_resolving_answer_does_not_resolve_what_the_customer_has_reopened(
    server: Server, desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    # An agent's page repeats it until an answer arrives, also after a reload.
    answer: dict[str, Any] = {"client_msg_id": str(uuid.uuid4()), "body": "Have a nice day!", "seen_seq": 2}
    own = desk.http(server, desk.ada)

    def resolve() -> str:
        resolved = own.post(f"/conversations/{conversation.pk}/resolve/", json=answer).raise_for_status()
        return str(resolved.json()["state"])

    assert [resolve(), resolve()] == ["resolved", "resolved"]
    say(vera.visitor, conversation.channel, "No, wait!")
    assert resolve() == "open"
    assert row_of(conversation).waiting_since is not None
    assert lines(conversation.pk).count("conversation.resolved") == 1
    # An answer that was sent without resolving is no such repeat.
    answer["client_msg_id"] = str(uuid.uuid4())
    answer["seen_seq"] = Channel.objects.get(pk=conversation.pk).head
    own.post(f"/conversations/{conversation.pk}/answer/", json=answer).raise_for_status()
    assert resolve() == "resolved"


@pytest.mark.holds("snooze_days")
def test_what_is_snoozed_waits_again_at_its_old_place(desk: Desk, conversation: Conversation) -> None:
    place = {"conversation": conversation.pk}
    until = clock.now() + TOMORROW
    for wrong in (clock.now(), clock.now() + datetime.timedelta(days=367)):
        with pytest.raises(Invalid):
            services.snooze(desk.ada, **place, until=wrong)
    services.snooze(desk.ada, **place, until=clock.now() + datetime.timedelta(days=365))
    row = services.snooze(desk.ada, **place, until=until)
    assert (row.state, row.snoozed_until, row.waiting_since) == ("snoozed", until, None)
    row = services.reopen(desk.ada, **place)
    assert (row.state, row.snoozed_until, row.waiting_since) == ("open", None, conversation.waiting_since)
    # For who is asked something nobody waits.
    services.set_pending(desk.ada, **place)
    assert services.reopen(desk.ada, **place).waiting_since is None


def test_a_resolved_conversation_is_opened_before_anything_else(desk: Desk, conversation: Conversation) -> None:
    services.resolve(desk.ada, conversation=conversation.pk)
    for act in (
        lambda: services.snooze(desk.ada, conversation=conversation.pk, until=clock.now() + TOMORROW),
        lambda: services.set_pending(desk.ada, conversation=conversation.pk),
    ):
        with pytest.raises(Conflict):
            act()
    assert services.claim(desk.ben, conversation=conversation.pk).episode == 2
