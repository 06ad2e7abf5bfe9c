"""Posting in a support conversation: waiting times, the last answer, and the guard against overtaking answers."""

import datetime
import uuid
from typing import Any

import pytest

from chat import clock, prepared_sql, services
from chat.models import Channel, Conversation, Member, Message, User
from chat.support import services as support
from delivery.source import Committed
from delivery.wire.errors import Archived, Forbidden, Overtaken, Refused
from tests.conftest import say
from tests.stage.support import Desk, Visit


def desk_events(desk: Desk) -> list[dict[str, Any]]:
    rows = Message.objects.filter(channel=desk.inbox.desk).order_by("seq")
    return [row.event for row in rows if row.event and "conversation" in row.event]


def head(conversation: Conversation) -> int:
    return Channel.objects.get(pk=conversation.pk).head


def said(user: User, conversation: Conversation, body: str = "hello", **fields: Any) -> Committed:
    outcome = say(user, conversation.channel, body, **fields)
    assert isinstance(outcome, Committed), outcome
    return outcome


@pytest.fixture
def held(desk: Desk, conversation: Conversation) -> Conversation:
    """ada holds it, and ben is in it too."""
    support.claim(desk.ada, conversation=conversation.pk)
    support.enter(desk.ben, conversation=conversation.pk)
    return conversation


def test_an_exchange_costs_the_desk_two_lines(desk: Desk, vera: Visit, held: Conversation) -> None:
    before = len(desk_events(desk))
    said(desk.ada, held, "It left today.")
    said(desk.ada, held, "Anything else?", seen_seq=head(held))
    for word in ("yes", "and", "more"):
        said(vera.visitor, held, word)
    answered, waiting = desk_events(desk)[before:]
    assert (answered["type"], answered["by"], answered["waiting_since"]) == ("conversation.answered", desk.ada.pk, None)
    assert answered["since"] is not None
    assert (waiting["type"], waiting["by"], waiting["assignee"]) == (
        "conversation.waiting",
        vera.visitor.pk,
        desk.ada.pk,
    )
    row = Conversation.objects.get(pk=held.pk)
    first = Message.objects.get(channel=held.pk, body="yes")
    assert row.waiting_since == first.created_at
    assert (row.answered_seq, row.answered_by) == (Message.objects.get(body="Anything else?").seq, desk.ada)


def test_a_message_in_a_conversation_takes_one_round_trip(
    vera: Visit, held: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(vera.visitor, held, "first")
    asked: list[str] = []
    rows = prepared_sql.rows
    monkeypatch.setattr(prepared_sql, "rows", lambda sql, given: (asked.append(sql), rows(sql, given))[1])
    said(vera.visitor, held, "second")
    assert len(asked) == 1


def test_who_has_not_seen_a_colleagues_answer_is_told_what_was_missed(desk: Desk, held: Conversation) -> None:
    seen = head(held)
    first = uuid.uuid4()
    said(desk.ada, held, "It left today.", client_msg_id=first, seen_seq=seen)
    refused = say(desk.ben, held.channel, "Never sent.", seen_seq=seen)
    assert isinstance(refused, Overtaken)
    assert [b"It left today." in raw for raw in refused.missed] == [True]
    assert not Message.objects.filter(body="Never sent.").exists()
    # A repeat of what was accepted stays one, whatever it had seen; one's own answers stand in nobody's way.
    assert said(desk.ada, held, "It left today.", client_msg_id=first, seen_seq=0).duplicate
    said(desk.ada, held, "On a ship.", seen_seq=seen)
    assert isinstance(say(desk.ben, held.channel, "x", seen_seq=head(held) - 1), Overtaken)
    said(desk.ben, held, "By sea.", seen_seq=head(held))
    # Hers is the last but one: his stands between.
    assert isinstance(say(desk.ada, held.channel, "x", seen_seq=head(held) - 1), Overtaken)


def test_without_the_number_the_read_cursor_counts(desk: Desk, held: Conversation) -> None:
    said(desk.ada, held, "It left today.", seen_seq=head(held))
    assert isinstance(say(desk.ben, held.channel, "x"), Overtaken)
    services.read_channel(desk.ben, channel=held.pk, seq=head(held))
    said(desk.ben, held, "By sea.")


def test_a_customers_newer_message_refuses_nobody(desk: Desk, vera: Visit, held: Conversation) -> None:
    seen = head(held)
    said(vera.visitor, held, "hello?")
    said(desk.ben, held, "Hello!", seen_seq=seen)
    said(vera.visitor, held, "thanks")


@pytest.mark.parametrize("seen", [None, 0, 10**12])
def test_two_answers_in_one_batch_are_guarded_too(desk: Desk, held: Conversation, seen: int | None) -> None:
    for user in (desk.ada, desk.ben):
        services.read_channel(user, channel=held.pk, seq=head(held))
    seen = head(held) if seen is None else seen
    drafts = [
        services.Draft(channel=held.pk, sender=user.pk, client_msg_id=uuid.uuid4(), body=f"{n}", seen_seq=seen)
        for n, user in enumerate([desk.ada, desk.ben, desk.ada])
    ]
    outcomes = services.post_messages(drafts)
    # A number beyond the head is taken for the head: who has seen everything answers everything.
    expected = [Committed, Committed, Committed] if seen == 10**12 else [Committed, Overtaken, Committed]
    assert [type(outcome) for outcome in outcomes] == expected


def test_a_team_channel_knows_no_guard(desk: Desk) -> None:
    team = services.open_channel(desk.ada, name="team", kind="private", members=[desk.ben])
    for user in (desk.ada, desk.ben):
        assert isinstance(say(user, team, "hi", seen_seq=0), Committed)


def test_nobody_posts_into_a_desk(desk: Desk) -> None:
    for user in (desk.ada, desk.sue):
        assert isinstance(say(user, desk.inbox.desk, "hello"), Forbidden)


def test_a_customer_opens_a_resolved_conversation_again_for_some_days(
    desk: Desk, vera: Visit, held: Conversation
) -> None:
    support.resolve(desk.ada, conversation=held.pk)
    Member.objects.filter(channel=held.pk, user=desk.ada).update(listed_until=clock.now())
    said(vera.visitor, held, "One more thing")
    row = Conversation.objects.get(pk=held.pk)
    assert (row.state, row.episode, row.assignee, row.former_assignee) == ("open", 2, None, desk.ada)
    assert row.waiting_since == Message.objects.get(body="One more thing").created_at
    event = desk_events(desk)[-1]
    assert (event["type"], event["episode"], event["waiting_since"] is not None) == ("conversation.reopened", 2, True)
    last = Message.objects.filter(channel=held.pk).latest("seq")
    assert (last.event, last.seq) == ({"type": "conversation.reopened"}, head(held))
    assert Member.objects.get(channel=held.pk, user=desk.ada).listed_until is None


def test_after_these_days_another_conversation_begins(desk: Desk, vera: Visit, held: Conversation) -> None:
    support.resolve(desk.ada, conversation=held.pk)
    Conversation.objects.filter(pk=held.pk).update(reopens_until=clock.now())
    before = head(held)
    for user in (vera.visitor, desk.ada):
        refused = say(user, held.channel, "too late")
        assert isinstance(refused, Archived)
    assert head(held) == before


def test_snoozed_and_pending_ones_are_open_when_the_customer_writes(
    desk: Desk, vera: Visit, held: Conversation
) -> None:
    support.set_pending(desk.ada, conversation=held.pk)
    said(vera.visitor, held, "the number is 7")
    row = Conversation.objects.get(pk=held.pk)
    assert (row.state, row.waiting_since is None, row.assignee) == ("open", False, desk.ada)
    until = clock.now() + datetime.timedelta(hours=3)
    waited_since = row.waiting_since
    support.snooze(desk.ada, conversation=held.pk, until=until)
    assert Conversation.objects.get(pk=held.pk).waiting_since is None
    said(vera.visitor, held, "now, please")
    row = Conversation.objects.get(pk=held.pk)
    # At the old place: their first question still has no answer.
    assert (row.state, row.waiting_since, row.snoozed_until, row.former_snooze) == ("open", waited_since, None, until)


def test_work_renews_the_lease_of_who_holds_it_and_of_nobody_else(desk: Desk, vera: Visit, held: Conversation) -> None:
    def lease() -> Any:
        return Conversation.objects.get(pk=held.pk).lease_until

    first = lease()
    said(desk.ben, held, "ben answers", seen_seq=head(held))
    assert lease() == first
    said(desk.ada, held, "ada answers", seen_seq=head(held))
    second = lease()
    assert second > first
    said(vera.visitor, held, "from here on it runs")
    assert lease() > second


def test_a_refused_draft_changes_nothing(desk: Desk, vera: Visit, held: Conversation) -> None:
    before = (head(held), len(desk_events(desk)), Conversation.objects.values().get(pk=held.pk))
    for outcome in (say(desk.dan, held.channel, "let me in"), say(vera.visitor, desk.inbox.desk, "me too")):
        assert isinstance(outcome, Refused)
    assert (head(held), len(desk_events(desk)), Conversation.objects.values().get(pk=held.pk)) == before


def test_a_refused_answer_lets_nobody_in(desk: Desk, held: Conversation) -> None:
    said(desk.ada, held, "It left today.")
    before = head(held)
    with pytest.raises(Overtaken):
        support.answer(desk.cleo, conversation=held.pk, client_msg_id=uuid.uuid4(), body="Never sent.", seen_seq=0)
    assert (head(held), support.is_in_it(desk.cleo, held.pk)) == (before, False)
    support.answer(desk.cleo, conversation=held.pk, client_msg_id=uuid.uuid4(), body="By sea.", seen_seq=before)
    assert support.is_in_it(desk.cleo, held.pk)
