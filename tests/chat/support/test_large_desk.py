"""A desk with thousands of resolved conversations: frequent reads touch few rows."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import override_settings

from chat import clock
from chat.live.source import ChatSource
from chat.models import Conversation, ConversationState, Member
from chat.reads.channels import channels_of
from chat.reads.unread import NONE, ReadMark, count_all, count_of
from chat.support import services
from chat.support.clockwork.lateness import lateness
from chat.support.services import ending_work, erasing, lapsing, mailing, routing
from chat.support.tools.fill import fill_desk
from tests.stage.nodes import opening_by
from tests.stage.support import Desk

RESOLVED, OPEN = 1500, 40
#: Far below what was resolved; above what a page, an agent's lists and all open ones have.
A_FEW = 300


@pytest.fixture
def large(desk: Desk, unseen: None) -> Desk:
    fill_desk(desk.inbox, [desk.ada, desk.ben, desk.cleo], resolved=RESOLVED, open_ones=OPEN)
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE conversations, support_tickets, channels, users, channel_members, messages, channels_settled"
        )
        # As among a million: PostgreSQL rightly reads small tables whole.
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
        )
    return desk


@contextmanager
def reads_few_rows() -> Iterator[None]:
    """Of any table, by whatever way."""
    before = _rows_read()
    yield
    read = {table: rows - before.get(table, 0) for table, rows in _rows_read().items()}
    assert {table: rows for table, rows in read.items() if rows > A_FEW} == {}


def _rows_read() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


def test_a_page_of_the_queue_of_two_inboxes_reads_what_it_shows(large: Desk) -> None:
    services.create_inbox(large.sue, name="Another", agents=[large.ada])
    for state, whose in itertools.product([None, *ConversationState.values], ["all", "mine", "unassigned"]):
        with reads_few_rows():
            tickets, following = services.queue(large.ada, state=state, whose=whose, size=20)
            if following is not None:
                services.queue(large.ada, state=state, whose=whose, size=20, after=following)
        rows = Conversation.objects.filter(desk=large.inbox.desk_id)
        rows = rows.exclude(state="resolved") if state is None else rows.filter(state=state)
        if whose != "all":
            rows = rows.filter(assignee=large.ada if whose == "mine" else None)
        assert len(tickets) == min(20, rows.count())


def test_all_pages_of_the_queue_together_are_the_queue_in_its_order(large: Desk) -> None:
    other = services.create_inbox(large.sue, name="Another", agents=[large.ada])
    fill_desk(other, [large.ada], resolved=50, open_ones=30)
    never = clock.now()
    for state in (None, "resolved"):
        rows = Conversation.objects.filter(desk__in=[other.desk_id, large.inbox.desk_id])
        if state is None:
            found = list(rows.exclude(state="resolved").values_list("waiting_since", "pk"))
            wanted = [pk for _, pk in sorted(found, key=lambda row: (row[0] is None, row[0] or never, row[1]))]
        else:
            wanted = list(rows.filter(state="resolved").order_by("-resolved_at", "-pk").values_list("pk", flat=True))
        assert _walked(large, state)[:150] == wanted[:150]


def _walked(desk: Desk, state: str | None) -> list[int]:
    walked: list[int] = []
    place = None
    while len(walked) < 150:
        tickets, place = services.queue(desk.ada, state=state, size=17, after=place)
        walked += [ticket.pk for ticket in tickets]
        if place is None:
            break
    return walked


def test_an_agents_lists_do_not_read_what_has_fallen_out_of_them(large: Desk) -> None:
    secret, ada = large.token(large.ada), large.ada
    assert Member.objects.filter(user=ada).count() > RESOLVED / 3
    with reads_few_rows():
        opened = opening_by(secret)
        listed = channels_of(ada.pk)
        watched = ChatSource().memberships([ada.pk, large.ben.pk])
    assert {access.channel_id for access in opened.accesses} == {seen.id for seen in listed}
    assert set(watched[ada.pk]) == {seen.id for seen in listed}


def test_nothing_is_counted_as_unread_in_a_desk_however_long_it_is(large: Desk) -> None:
    mark = ReadMark(large.inbox.desk_id, large.ada.pk, 0, RESOLVED)
    with reads_few_rows():
        assert count_all([mark]) == {(mark.channel, mark.user): NONE}
        assert count_of(mark.user, [mark]).get(mark.channel, NONE) == NONE


JOBS: tuple[Callable[[], object], ...] = (
    lapsing.lapse_leases,
    lapsing.wake_snoozed,
    lapsing.resolve_silent,
    lambda: routing.give_back(lambda user: True),
    mailing.write_answer_mails,
    lateness,
)


def test_the_clockwork_reads_nothing_of_what_was_resolved_long_ago(large: Desk) -> None:
    large.inbox.mail_from = "desk@example.com"
    large.inbox.save()
    with override_settings(EMAIL_HOST="localhost"):
        for job in JOBS:
            with reads_few_rows():
                job()


def test_erasing_a_conversation_reads_its_own_lines_of_the_desk(large: Desk) -> None:
    large.inbox.keeps_days = 690
    large.inbox.save()
    with reads_few_rows():
        assert erasing.erase_expired() == erasing.AT_ONCE
    erased = Conversation.objects.filter(channel__name=erasing.NOBODY)
    assert erased.count() == erasing.AT_ONCE


def test_an_agent_who_loses_an_inbox_is_in_none_of_its_conversations_however_many(
    large: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending_work, "AT_ONCE", 200)
    services.remove_agent(large.sue, inbox=large.inbox, user=large.ada.pk)
    assert not Member.objects.filter(user=large.ada).exists()
