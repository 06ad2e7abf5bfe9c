"""The served rows are as the script will draw them: days, groups, quotes."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from chat import shapes
from chat.pages.rows import Row, rows
from delivery.wire.frames import Person

pytestmark = pytest.mark.fast

ALICE, BOB = Person(1, "alice", "Alice Liddell"), Person(2, "bob", "Bob")
NOW = datetime(1999, 3, 14, 12, tzinfo=UTC)


def a_message(pk: int, at: str, *, sender: Person = ALICE, **fields: Any) -> shapes.Message:
    spelled = {"body": f"message {pk}", "kind": "text", "reply_to": None, **fields}
    return shapes.spell_message(
        pk=pk, channel=1, seq=pk, rev=pk, client_msg_id=uuid.uuid4(), sender=sender, created_at=at, **spelled
    )


def shown(*messages: shapes.Message) -> list[Row]:
    return list(rows(messages, me=ALICE.id, now=NOW))


def test_each_day_begins_with_its_name() -> None:
    days = [
        row.day
        for row in shown(
            a_message(1, "1998-12-31T23:59:00Z"),
            a_message(2, "1999-03-12T09:00:00Z"),
            a_message(3, "1999-03-13T09:00:00Z"),
            a_message(4, "1999-03-14T09:00:00Z"),
            a_message(5, "1999-03-14T09:01:00Z"),
        )
    ]
    assert days == ["Thursday, December 31, 1998", "Friday, March 12", "Yesterday", "Today", ""]


def test_what_one_person_says_within_five_minutes_stands_together() -> None:
    grouped = shown(
        a_message(1, "1999-03-14T09:00:00Z"),
        a_message(2, "1999-03-14T09:04:59Z"),
        a_message(3, "1999-03-14T09:09:59Z"),
        a_message(4, "1999-03-14T09:10:00Z", sender=BOB),
        a_message(5, "1999-03-14T09:10:01Z", sender=BOB, kind="system"),
    )
    assert [row.is_continued for row in grouped] == [False, True, False, False, False]


def test_the_line_stands_before_the_first_message_that_counts_as_unread() -> None:
    messages = [
        a_message(1, "1999-03-14T09:00:00Z", sender=BOB),
        a_message(2, "1999-03-14T09:00:01Z", sender=BOB, kind="system"),
        a_message(3, "1999-03-14T09:00:02Z", sender=BOB, deleted_at="1999-03-14T09:00:03Z"),
        a_message(4, "1999-03-14T09:00:04Z", sender=ALICE),
        a_message(5, "1999-03-14T09:00:05Z", sender=BOB),
        a_message(6, "1999-03-14T09:00:06Z", sender=BOB),
    ]

    def lines(unread_from: int | None) -> list[int]:
        return [
            row.message.seq
            for row in rows(messages, me=ALICE.id, unread_from=unread_from, unheard={ALICE.id})
            if row.is_unread
        ]

    assert [lines(1), lines(2), lines(5), lines(6), lines(7), lines(None)] == [[1], [5], [5], [6], [], []]
    assert [[*rows(messages, me=ALICE.id, unread_from=seq)][-1].is_continued for seq in (5, 6)] == [True, False]


def test_a_reply_shows_what_it_answers() -> None:
    _, near, far, gone = shown(
        a_message(1, "1999-03-14T09:00:00Z", sender=BOB, body="one\n two"),
        a_message(2, "1999-03-14T09:01:00Z", reply_to=1, deleted_at="1999-03-14T09:02:00Z"),
        a_message(3, "1999-03-14T09:01:00Z", reply_to=99),
        a_message(4, "1999-03-14T09:01:00Z", reply_to=2),
    )
    assert (near.quote_sender, near.quote_text) == ("Bob", "one two")
    assert (far.quote_sender, far.quote_text) == ("", "An earlier message")
    assert gone.quote_text == "Message deleted"
    assert near.initials == "AL"


def test_reactions_are_chips_and_a_few_emoji_alone_are_large() -> None:
    reacted, large, many, words = shown(
        a_message(1, "1999-03-14T09:00:00Z", reactions={"🎉": [2, 1], "👍": [2]}),
        a_message(2, "1999-03-14T09:00:00Z", body=" 👩🏾‍🤝‍👨🏻 ❤️\n🇩🇪 "),
        a_message(3, "1999-03-14T09:00:00Z", body="👍👍👍👍"),
        a_message(4, "1999-03-14T09:00:00Z", body="👍 1"),
    )
    assert [(chip.emoji, chip.count, chip.is_mine) for chip in reacted.reactions] == [("🎉", 2, True), ("👍", 1, False)]
    assert [row.is_large for row in (reacted, large, many, words)] == [False, True, False, False]


def test_what_is_only_in_a_thread_has_no_row_and_its_root_says_how_many_they_are() -> None:
    replies = shapes.message.Replies(count=3, last_seq=4)
    about = {"replies": replies, "replied_at": "1999-03-14T09:03:00Z", "repliers": [BOB.id, ALICE.id]}
    messages = [
        a_message(1, "1999-03-14T09:00:00Z", **about),
        a_message(2, "1999-03-14T09:01:00Z", sender=BOB, thread=1),
        a_message(3, "1999-03-14T09:02:00Z", thread=1),
        a_message(4, "1999-03-14T09:03:00Z", sender=BOB, thread=1, also_in_channel=True),
    ]
    names = {BOB.id: "Bob", ALICE.id: "Alice Liddell"}
    root, said_too = rows(messages, me=ALICE.id, now=NOW, unread_from=2, unheard={ALICE.id}, names=names)
    assert (root.thread_line, root.replied_at) == ("3 replies", "1999-03-14T09:03:00Z")
    assert [(face.id, face.initials) for face in root.faces] == [(BOB.id, "B"), (ALICE.id, "AL")]
    assert (said_too.message.id, said_too.thread_line, said_too.is_unread) == (4, "Said in a thread", True)
