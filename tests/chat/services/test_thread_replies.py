"""Threads: a reply stands in the channel's log, its root counts it, and what is unread there is each follower's own."""

import json
import uuid
from typing import Any

import msgspec
import pytest

from chat import services
from chat.models import Channel, Member, Message, ThreadFollower, User
from chat.reads import threads
from chat.reads.channels import channels_of
from chat.reads.unread import Count, ReadMark, count_all, count_of
from chat.search import search
from chat.services import Draft
from delivery.bus import announcing
from delivery.bus.announcements import Announcement, Changed
from delivery.source import Committed
from delivery.wire import errors, ids
from tests.conftest import Cast, said, say
from tests.stage.threads import posted, reply, root_of, unread_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> list[Announcement]:
    announcements: list[Announcement] = []
    monkeypatch.setattr(announcing, "announce", announcements.extend)
    return announcements


def draft(user: User, root: Message, body: str) -> Draft:
    return Draft(channel=root.channel_id, sender=user.pk, client_msg_id=uuid.uuid4(), body=body, thread=root.pk)


def unread_in_channel(user: User, channel: Channel) -> int:
    [described] = [seen for seen in channels_of(user.pk) if seen.id == channel.pk]
    assert isinstance(described.unread, int)
    assert isinstance(described.mentioned, int)
    member, head = Member.objects.get(user=user, channel=channel), Channel.objects.get(pk=channel.pk).head
    mark = ReadMark(channel.pk, user.pk, member.read_seq, head)
    # Whichever way it is counted.
    count = Count(described.unread, described.mentioned)
    assert (count_of(user.pk, [mark]), count_all([mark])) == ({channel.pk: count}, {(channel.pk, user.pk): count})
    return described.unread


def test_a_reply_takes_its_number_and_its_root_the_next(cast: Cast) -> None:
    root = root_of(cast)
    answer = reply(cast.bob, root)
    assert (answer["seq"], answer["rev"], answer["thread"]) == (root.seq + 1, root.seq + 1, root.pk)
    assert "also_in_channel" not in answer
    after = Message.objects.get(pk=root.pk)
    assert (after.seq, after.rev, after.reply_count, after.last_reply_seq) == (root.seq, root.seq + 2, 1, root.seq + 1)
    assert (after.repliers, after.changed_at) == ([cast.bob.pk], Message.objects.get(pk=answer["id"]).created_at)
    assert Channel.objects.get(pk=cast.team.pk).head == root.seq + 2
    # What comes next goes on from there.
    assert posted(said(cast.alice, cast.team, "next"))["seq"] == root.seq + 3


def test_both_changes_are_told_in_order_in_one_announcement(
    cast: Cast, announced: list[Announcement], django_capture_on_commit_callbacks: Any
) -> None:
    root = root_of(cast)
    with django_capture_on_commit_callbacks(execute=True):
        reply(cast.bob, root)
    [told] = [each for each in announced if isinstance(each, Changed)]
    assert (told.after, told.head) == (root.seq, root.seq + 2)
    first, second = (json.loads(change.raw) for change in told.changes)
    assert [change.rev for change in told.changes] == [root.seq + 1, root.seq + 2]
    assert (first["body"], second["id"], second["body"]) == ("Yes", root.pk, "Lunch?")
    assert second["replies"] == {"count": 1, "last_seq": root.seq + 1}
    assert second["repliers"] == [cast.bob.pk]
    assert second["replied_at"] == first["created_at"]
    # The root as it is announced is what its row says.
    row = Message.objects.for_the_wire().get(pk=root.pk)
    from_the_rows = services.posting.shapes.message_of(row)
    assert msgspec.json.encode(from_the_rows) == told.changes[1].raw
    assert [change.said_by for change in told.changes] == [cast.bob.pk, None]


def test_a_batch_gives_every_reply_two_numbers_and_tells_a_root_once(
    cast: Cast, announced: list[Announcement], django_capture_on_commit_callbacks: Any
) -> None:
    one, other = root_of(cast), root_of(cast, "Dinner?")
    at = other.seq
    plain = Draft(channel=cast.team.pk, sender=cast.bob.pk, client_msg_id=uuid.uuid4(), body="by the way")
    drafts = [draft(cast.bob, one, "a"), plain, draft(cast.alice, one, "b"), draft(cast.bob, other, "c")]
    with django_capture_on_commit_callbacks(execute=True):
        outcomes = services.post_messages(drafts)
    seqs = [posted(outcome)["seq"] for outcome in outcomes if isinstance(outcome, Committed)]
    assert seqs == [at + 1, at + 3, at + 4, at + 6]
    [told] = [each for each in announced if isinstance(each, Changed)]
    assert [(change.rev, change.key) for change in told.changes] == [
        (at + 1, at + 1), (at + 3, at + 3), (at + 4, at + 4), (at + 5, one.seq), (at + 6, at + 6), (at + 7, other.seq),
    ]  # fmt: skip
    assert told.head == at + 7 == Channel.objects.get(pk=cast.team.pk).head
    rows = {row.pk: row for row in Message.objects.filter(pk__in=[one.pk, other.pk])}
    assert (rows[one.pk].reply_count, rows[one.pk].last_reply_seq, rows[one.pk].rev) == (2, at + 4, at + 5)
    assert (rows[other.pk].reply_count, rows[other.pk].last_reply_seq, rows[other.pk].rev) == (1, at + 6, at + 7)


def test_a_repeat_takes_no_number_and_the_same_words_elsewhere_are_a_conflict(cast: Cast) -> None:
    root, key = root_of(cast), uuid.uuid4()
    first = reply(cast.bob, root, client_msg_id=key)
    again = said(cast.bob, cast.team, "Yes", thread=root.pk, client_msg_id=key)
    assert (again.duplicate, posted(again)["id"]) == (True, first["id"])
    assert Message.objects.get(pk=root.pk).reply_count == 1
    assert Channel.objects.get(pk=cast.team.pk).head == root.seq + 2
    assert isinstance(say(cast.bob, cast.team, "Yes", client_msg_id=key), errors.Conflict)
    also = say(cast.bob, cast.team, "Yes", thread=root.pk, also_in_channel=True, client_msg_id=key)
    assert isinstance(also, errors.Conflict)
    services.delete_message(cast.bob, channel=cast.team.pk, message=first["id"])
    assert said(cast.bob, cast.team, "Yes", thread=root.pk, client_msg_id=key).duplicate


def test_what_is_no_root_is_refused(cast: Cast) -> None:
    root = root_of(cast)
    answer = reply(cast.bob, root)
    elsewhere = services.open_channel(cast.alice, name="elsewhere", kind="private")
    other = posted(said(cast.alice, elsewhere, "there"))
    system = Message.objects.filter(channel=cast.team, kind="system").first()
    gone = root_of(cast, "gone")
    services.delete_message(cast.alice, channel=cast.team.pk, message=gone.pk)
    assert system is not None
    head = Channel.objects.get(pk=cast.team.pk).head
    for thread, refusal in [
        (answer["id"], errors.Invalid), (system.pk, errors.Invalid), (gone.pk, errors.Invalid),
        (other["id"], errors.NotFound), (10**12, errors.NotFound),
    ]:  # fmt: skip
        assert isinstance(say(cast.bob, cast.team, "me too", thread=thread), refusal), thread
    assert isinstance(say(cast.bob, cast.team, "hi", also_in_channel=True), errors.Invalid)
    # Who does not read there learns nothing of what is there.
    assert isinstance(say(cast.charlie, cast.team, "hi", thread=root.pk), errors.NotFound)
    assert Channel.objects.get(pk=cast.team.pk).head == head


def test_a_deleted_reply_is_counted_no_more_and_its_root_says_so(cast: Cast) -> None:
    root = root_of(cast)
    first, second = reply(cast.bob, root, "one"), reply(cast.alice, root, "two")
    services.delete_message(cast.alice, channel=cast.team.pk, message=second["id"])
    after = Message.objects.get(pk=root.pk)
    assert (after.reply_count, after.last_reply_seq, after.repliers) == (1, second["seq"], [cast.bob.pk])
    assert after.rev == Message.objects.get(pk=second["id"]).rev + 1 == Channel.objects.get(pk=cast.team.pk).head
    services.delete_message(cast.alice, channel=cast.team.pk, message=second["id"])
    assert Message.objects.get(pk=root.pk).rev == after.rev
    services.delete_message(cast.bob, channel=cast.team.pk, message=first["id"])
    last = Message.objects.get(pk=root.pk)
    assert (last.reply_count, last.repliers, last.last_reply_at) == (0, None, None)


def test_a_deleted_root_keeps_its_replies(cast: Cast) -> None:
    root = root_of(cast)
    reply(cast.bob, root)
    row = services.delete_message(cast.alice, channel=cast.team.pk, message=root.pk)
    assert (row.body, row.reply_count) == ("", 1)
    assert Message.objects.filter(thread=root, deleted_at=None).count() == 1


def test_a_reply_is_unread_in_its_thread_and_not_in_the_channel(cast: Cast) -> None:
    root = root_of(cast)
    services.read_channel(cast.bob, channel=cast.team.pk, seq=root.seq)
    reply(cast.bob, root, "first")
    services.read_channel(cast.alice, channel=cast.team.pk, seq=10**9)
    # The channel's cursor is past the reply: in the thread nothing is read by that.
    assert (unread_in_channel(cast.alice, cast.team), unread_in(cast.alice, root)) == (0, 1)
    reply(cast.alice, root, "second")
    assert (unread_in_channel(cast.bob, cast.team), unread_in(cast.bob, root)) == (0, 1)
    also = reply(cast.alice, root, "third", also_in_channel=True)
    assert also["also_in_channel"] is True
    assert (unread_in_channel(cast.bob, cast.team), unread_in(cast.bob, root)) == (1, 2)
    services.follow_thread(cast.bob, channel=cast.team.pk, message=root.pk, read_seq=also["seq"])
    assert (unread_in_channel(cast.bob, cast.team), unread_in(cast.bob, root)) == (1, 0)


def test_a_user_who_replies_follows_and_one_who_unfollowed_follows_again_by_replying(cast: Cast) -> None:
    root = root_of(cast)
    reply(cast.bob, root)
    assert {row.user_id: row.is_following for row in ThreadFollower.objects.filter(root=root)} == {
        cast.alice.pk: True,
        cast.bob.pk: True,
    }
    for user in (cast.alice, cast.bob):
        services.follow_thread(user, channel=cast.team.pk, message=root.pk, following=False)
    reply(cast.bob, root)
    assert [follower.user_id for follower in ThreadFollower.objects.filter(root=root, is_following=True)] == [
        cast.bob.pk
    ]
    assert (unread_in(cast.alice, root), threads.threads_unread(cast.alice.pk)) == (0, 0)


def test_who_is_mentioned_follows_from_there(cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    called, root = root_of(cast, "Lunch, @charlie?"), root_of(cast)
    reply(cast.bob, called)
    assert unread_in(cast.charlie, called) == 1
    reply(cast.bob, root, "before")
    assert unread_in(cast.charlie, root) == 0
    services.read_channel(cast.charlie, channel=cast.team.pk, seq=ids.MOST)
    reply(cast.bob, root, "what does @charlie say?")
    reply(cast.bob, root, "after")
    assert unread_in(cast.charlie, root) == 2
    [seen] = channels_of(cast.charlie.pk)
    assert (seen.unread, seen.mentioned) == (0, 0), "in the thread they are called, not in the channel"
    services.follow_thread(cast.charlie, channel=cast.team.pk, message=root.pk, following=False)
    reply(cast.bob, root, "@charlie, come back")
    assert unread_in(cast.charlie, root) == 0


def test_who_is_mentioned_by_an_edit_follows_from_there(cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    root = root_of(cast)
    answer = reply(cast.bob, root, "somebody will come")
    services.edit_message(cast.bob, channel=cast.team.pk, message=answer["id"], body="@charlie will come")
    assert unread_in(cast.charlie, root) == 1


def test_followed_threads_are_listed_by_their_newest_reply(cast: Cast) -> None:
    one, other = root_of(cast, "one"), root_of(cast, "other")
    reply(cast.bob, one)
    reply(cast.bob, other)
    reply(cast.bob, one)
    listed = threads.followed_threads(cast.alice.pk, size=20)
    assert [(thread.body, thread.unread) for thread in listed.threads] == [("one", 2), ("other", 1)]
    assert (listed.older_than, threads.threads_unread(cast.alice.pk)) == (None, 2)
    first = threads.followed_threads(cast.alice.pk, size=1)
    rest = threads.followed_threads(cast.alice.pk, size=1, before=first.older_than)
    assert ([t.body for t in first.threads], [t.body for t in rest.threads]) == (["one"], ["other"])
    services.follow_thread(cast.alice, channel=cast.team.pk, message=one.pk, read_seq=10**9)
    only = threads.followed_threads(cast.alice.pk, size=20, only_unread=True)
    assert [thread.body for thread in only.threads] == ["other"]
    # Who has left the channel has lost its threads.
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    assert threads.followed_threads(cast.bob.pk, size=20).threads == []


def test_what_somebody_reads_is_noted_forward_only_and_up_to_what_is_there(cast: Cast) -> None:
    root = root_of(cast)
    answer = reply(cast.bob, root)
    verb = {"channel": cast.team.pk, "message": root.pk}
    assert services.follow_thread(cast.alice, **verb, read_seq=10**9).read_seq == answer["seq"]
    assert services.follow_thread(cast.alice, **verb, read_seq=0).read_seq == answer["seq"]
    with pytest.raises(errors.Invalid):
        services.follow_thread(cast.alice, channel=cast.team.pk, message=answer["id"], following=True)
    with pytest.raises(errors.NotFound):
        services.follow_thread(cast.charlie, **verb, following=True)
    # Of somebody who never followed nothing is kept.
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    assert not services.follow_thread(cast.charlie, **verb, read_seq=10**9).following
    assert services.follow_thread(cast.charlie, **verb, following=True).unread == 0


def test_what_was_read_of_a_thread_can_be_marked_as_unread_again(cast: Cast) -> None:
    root = root_of(cast)
    one, other = reply(cast.bob, root), reply(cast.bob, root)
    verb = {"channel": cast.team.pk, "message": root.pk}
    services.follow_thread(cast.alice, **verb, read_seq=other["seq"])
    assert services.follow_thread(cast.alice, **verb, unread_from=other["seq"]).unread == 1
    assert services.follow_thread(cast.alice, **verb, unread_from=0).unread == 2
    assert services.follow_thread(cast.alice, **verb, unread_from=10**9).unread == 0
    # Who follows no more follows again; who never did begins to.
    services.follow_thread(cast.alice, **verb, following=False)
    assert services.follow_thread(cast.alice, **verb, unread_from=one["seq"]).unread == 2
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    third = reply(cast.bob, root)
    assert services.follow_thread(cast.charlie, **verb, unread_from=third["seq"]).unread == 1
    for also in ({"read_seq": 1}, {"following": False}):
        with pytest.raises(errors.Invalid):
            services.follow_thread(cast.alice, **verb, unread_from=1, **also)


@pytest.mark.django_db(transaction=True)
def test_searches_find_what_is_in_threads(cast: Cast) -> None:
    root = root_of(cast, "lunch plan")
    reply(cast.bob, root, "a plan for it")
    said(cast.bob, cast.team, "another plan")
    found = [hit.body for hit in search(cast.alice, "plan is:thread").messages]
    assert sorted(found) == ["a plan for it", "lunch plan"]
