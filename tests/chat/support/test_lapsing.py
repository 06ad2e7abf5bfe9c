"""Automatic ends: leases, snoozes, and silent conversations."""

import datetime
from typing import Any

import pytest

from chat import clock
from chat.models import Act, AuditEntry, Conversation, Message, User
from chat.services import keep_leases, read_channel
from chat.support import services
from chat.support.models import Inbox
from chat.support.services import lapsing
from chat.support.services.lapsing import lapse_leases, resolve_silent, wake_snoozed
from chat.support.services.reserved import reserved_account
from tests.conftest import said
from tests.stage.support import Desk, Visit, note

pytestmark = pytest.mark.usefixtures("unseen")


def now_is_after(conversation: Conversation, **fields: Any) -> None:
    """As if time had passed since these were written."""
    Conversation.objects.filter(pk=conversation.pk).update(**fields)


def events_in(channel_id: int) -> list[str]:
    return [row.event["type"] for row in Message.objects.filter(channel=channel_id, kind="system").order_by("seq")]


def held_by(agent: User, vera: Visit) -> Conversation:
    """The customer waits in it, and its lease has lapsed."""
    conversation = vera.begin()
    services.claim(agent, conversation=conversation.pk)
    now_is_after(conversation, lease_until=clock.now() - datetime.timedelta(seconds=1))
    return conversation


def test_who_does_not_work_loses_what_they_hold_and_the_customer_keeps_their_place(desk: Desk, vera: Visit) -> None:
    conversation = held_by(desk.ada, vera)
    waiting_since = Conversation.objects.get(pk=conversation.pk).waiting_since
    assert lapse_leases() == 1
    row = Conversation.objects.get(pk=conversation.pk)
    assert (row.assignee, row.lease_until, row.waiting_since, row.state) == (None, None, waiting_since, "open")
    account = reserved_account()
    line = Message.objects.filter(channel=conversation.pk).latest("seq")
    assert (line.event, line.sender, line.body) == (
        {"type": "conversation.lapsed"},
        account,
        "Somebody else will answer you",
    )
    told = Message.objects.filter(channel=desk.inbox.desk_id).latest("seq")
    assert (
        told.event.items()
        >= {"type": "conversation.lapsed", "assignee": None, "state": "open", "by": account.pk}.items()
    )
    entry = AuditEntry.objects.get(act=Act.SUPPORT_LAPSED)
    assert (entry.whom, entry.channel_id, entry.actor) == (desk.ada, conversation.pk, account)
    # Once.
    assert lapse_leases() == 0


def test_the_notes_say_whose_lease_it_was_and_the_customer_is_not_told(desk: Desk, vera: Visit) -> None:
    conversation = held_by(desk.ada, vera)
    # Made by somebody else: a note of who holds it would keep the lease.
    notes = note(desk.ben, conversation)
    lapse_leases()
    assert "Ada did not go on with Vera" in Message.objects.filter(channel=notes).latest("seq").body
    bodies = Message.objects.filter(channel=conversation.pk, event__type="conversation.lapsed").values_list(
        "body", flat=True
    )
    assert not any("Ada" in body for body in bodies)


def test_work_keeps_the_lease_and_a_customer_who_does_not_wait_keeps_it_too(desk: Desk, vera: Visit) -> None:
    works, answered = held_by(desk.ada, vera), held_by(desk.ben, vera)
    keep_leases([(works.pk, desk.ada.pk), (answered.pk, desk.ada.pk)])
    now_is_after(answered, waiting_since=None)
    assert lapse_leases() == 0
    assert set(Conversation.objects.filter(assignee=None)) == set()


def test_reading_is_work(desk: Desk, vera: Visit) -> None:
    conversation = held_by(desk.ada, vera)
    read_channel(desk.ada, channel=conversation.pk, seq=1)
    assert lapse_leases() == 0


def test_what_goes_wrong_with_one_keeps_no_other_from_lapsing(
    desk: Desk, vera: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, sound = held_by(desk.ada, vera), held_by(desk.ben, vera)
    release_held = lapsing.release_held

    def poisoned(handled: Any, **words: Any) -> None:
        if handled.row.pk == poison.pk:
            raise ValueError("a poison row")
        release_held(handled, **words)

    monkeypatch.setattr(lapsing, "release_held", poisoned)
    assert lapse_leases() == 1
    assert Conversation.objects.get(pk=sound.pk).assignee is None
    assert Conversation.objects.get(pk=poison.pk).assignee == desk.ada


def test_what_was_snoozed_comes_back_at_its_old_place_and_its_agent_has_a_lease(desk: Desk, vera: Visit) -> None:
    conversation = held_by(desk.ada, vera)
    waiting_since = Conversation.objects.get(pk=conversation.pk).waiting_since
    services.snooze(desk.ada, conversation=conversation.pk, until=clock.now() + datetime.timedelta(hours=1))
    assert wake_snoozed() == 0
    now_is_after(conversation, snoozed_until=clock.now() - datetime.timedelta(seconds=1))
    assert wake_snoozed() == 1
    row = Conversation.objects.get(pk=conversation.pk)
    assert (row.state, row.snoozed_until, row.waiting_since) == ("open", None, waiting_since)
    assert row.assignee == desk.ada
    assert lapse_leases() == 0
    assert wake_snoozed() == 0
    # Of the inside: the customer's log says nothing of a snooze.
    assert not {"conversation.snoozed", "conversation.woken"} & set(events_in(conversation.pk))


def test_what_nobody_goes_on_with_is_resolved_and_never_what_is_snoozed_or_waits(desk: Desk, vera: Visit) -> None:
    waits, answered, pending, snoozed = (vera.begin(f"question {n}") for n in range(4))
    for conversation in (answered, pending, snoozed):
        services.claim(desk.ada, conversation=conversation.pk)
        said(desk.ada, conversation.channel, "answer")
    services.set_pending(desk.ada, conversation=pending.pk)
    services.snooze(desk.ada, conversation=snoozed.pk, until=clock.now() + datetime.timedelta(days=30))
    assert resolve_silent() == 0
    Inbox.objects.filter(pk=desk.inbox.pk).update(resolves_after_days=3)
    assert resolve_silent() == 0
    Message.objects.update(created_at=clock.now() - datetime.timedelta(days=4))
    said(desk.ada, answered.channel, "one more word")
    assert resolve_silent() == 1
    states = dict(Conversation.objects.values_list("pk", "state"))
    assert states == {waits.pk: "open", answered.pk: "open", pending.pk: "resolved", snoozed.pk: "snoozed"}
    assert Message.objects.filter(channel=pending.pk).latest("seq").sender == reserved_account()
