"""The verbs: what each promises, also under repeat, refusal and a hundred threads."""

import datetime
import uuid

import pytest

from chat import clock, services
from chat.models import Channel, Member, Message
from chat.services import Draft, settling
from delivery.source import Committed
from delivery.wire import errors
from tests.conftest import Cast, said, say
from tests.stage.many_threads import in_threads

pytestmark = pytest.mark.django_db


def numbers(channel: Channel) -> list[int]:
    """Every number that the channel's log has given out: the places, and the newest change of each row."""
    return sorted(Message.objects.filter(channel=channel).values_list("rev", flat=True))


def test_a_message_takes_the_next_number(cast: Cast) -> None:
    before = Channel.objects.get(pk=cast.team.pk).head
    said(cast.alice, cast.team)
    row = Message.objects.get(kind="text")
    assert (row.seq, row.rev) == (before + 1, before + 1)
    assert Channel.objects.get(pk=cast.team.pk).head == before + 1


def test_a_repeat_returns_the_first_message(cast: Cast) -> None:
    key = uuid.uuid4()
    first, again = (said(cast.alice, cast.team, client_msg_id=key) for _ in range(2))
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.raw == again.raw
    assert Message.objects.filter(client_msg_id=key).count() == 1


def test_a_repeat_within_one_batch_is_one_message(cast: Cast) -> None:
    draft = Draft(channel=cast.team.pk, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body="once")
    outcomes = services.post_messages([draft, draft])
    assert [outcome.duplicate for outcome in outcomes if isinstance(outcome, Committed)] == [False, True]
    assert Message.objects.filter(body="once").count() == 1


def test_the_same_id_with_another_body_is_a_conflict(cast: Cast) -> None:
    key = uuid.uuid4()
    said(cast.alice, cast.team, "one", client_msg_id=key)
    assert isinstance(say(cast.alice, cast.team, "two", client_msg_id=key), errors.Conflict)


def test_the_same_id_in_another_channel_is_a_conflict(cast: Cast) -> None:
    key = uuid.uuid4()
    other = services.open_channel(cast.alice, name="other")
    said(cast.alice, cast.team, client_msg_id=key)
    assert isinstance(say(cast.alice, other, client_msg_id=key), errors.Conflict)


def test_the_same_id_of_two_people_is_two_messages(cast: Cast) -> None:
    key = uuid.uuid4()
    said(cast.alice, cast.team, client_msg_id=key)
    assert not said(cast.bob, cast.team, client_msg_id=key).duplicate


def test_a_poison_message_spoils_only_itself(cast: Cast) -> None:
    def draft(body: str) -> Draft:
        return Draft(channel=cast.team.pk, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body=body)

    # Past check_body, as a mistake of ours would let it: only the database refuses it.
    outcomes = services.post_messages([draft("before"), draft("x" * 3000), draft("after")])
    assert [isinstance(outcome, Committed) for outcome in outcomes] == [True, False, True]
    bodies = Message.objects.filter(kind="text").order_by("seq").values_list("body", flat=True)
    assert list(bodies) == ["before", "after"]


def test_a_batch_over_several_channels_answers_in_order(cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="other")
    drafts = [
        Draft(channel=channel, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body=f"{place}")
        for place, channel in enumerate([other.pk, cast.team.pk, 999_999, other.pk])
    ]
    outcomes = services.post_messages(drafts)
    assert isinstance(outcomes[2], errors.NotFound)
    assert list(Message.objects.filter(channel=other, kind="text").order_by("seq").values_list("body", flat=True)) == [
        "0",
        "3",
    ]


def test_strangers_are_refused_without_learning_of_a_private_channel(cast: Cast) -> None:
    public = services.open_channel(cast.alice, name="open to all")
    assert isinstance(say(cast.charlie, cast.team), errors.NotFound)
    assert isinstance(say(cast.charlie, public), errors.NotAMember)


def test_the_muted_and_the_archived_are_refused(cast: Cast, standing_clock: datetime.datetime) -> None:
    later = clock.now() + datetime.timedelta(minutes=5)
    services.mute_member(cast.alice, channel=cast.team.pk, user=cast.bob, until=later)
    assert isinstance(say(cast.bob, cast.team), errors.Muted)
    with clock.at(later):
        said(cast.bob, cast.team)
    services.archive_channel(cast.alice, channel=cast.team.pk)
    assert isinstance(say(cast.alice, cast.team), errors.Archived)


def test_an_answer_must_answer_a_message_of_the_same_channel(cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="other")
    said(cast.alice, other, "there")
    there = Message.objects.get(body="there")
    assert isinstance(say(cast.alice, cast.team, reply_to=there.pk), errors.NotFound)


def test_an_edit_keeps_the_place_and_takes_a_new_number(cast: Cast) -> None:
    said(cast.alice, cast.team, "tpyo")
    row = Message.objects.get(body="tpyo")
    edited = services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="typo")
    assert (edited.seq, edited.rev) == (row.seq, row.rev + 1)
    again = services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="typo")
    assert again.rev == edited.rev


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_nobody_edits_what_another_wrote(cast: Cast, who: str) -> None:
    said(cast.alice, cast.team, "mine")
    row = Message.objects.get(body="mine")
    with pytest.raises((errors.Forbidden, errors.NotFound)):
        services.edit_message(getattr(cast, who), channel=cast.team.pk, message=row.pk, body="yours")


@pytest.mark.holds("edit_hours")
def test_a_message_can_be_edited_for_24_hours(cast: Cast, standing_clock: datetime.datetime) -> None:
    said(cast.alice, cast.team, "old")
    row = Message.objects.get(body="old")
    with clock.at(row.created_at + datetime.timedelta(hours=24)):
        services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="just in time")
    with clock.at(row.created_at + datetime.timedelta(hours=24, seconds=1)), pytest.raises(errors.Forbidden):
        services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="too late")


def test_a_deleted_message_is_empty_and_keeps_its_place(cast: Cast) -> None:
    said(cast.bob, cast.team, "oops")
    row = Message.objects.get(body="oops")
    deleted = services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk)
    assert (deleted.body, deleted.seq, deleted.rev) == ("", row.seq, row.rev + 1)
    with pytest.raises(errors.Forbidden):
        services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body="back")


def test_membership_stands_in_the_log(cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    services.leave_channel(cast.bob, channel=cast.team.pk)
    rows = Message.objects.filter(channel=cast.team, kind="system").order_by("seq")
    assert [(row.event or {})["type"] for row in rows] == [
        *("member.joined", "member.joined", "member.joined", "member.removed", "member.left")
    ]
    channel = Channel.objects.get(pk=cast.team.pk)
    assert (channel.member_count, channel.head) == (1, 5)


@pytest.mark.holds("members")
def test_a_channel_has_a_hundred_members_and_not_one_more(cast: Cast) -> None:
    public = services.open_channel(cast.alice, name="open to all")
    Channel.objects.filter(pk=public.pk).update(member_count=99)
    services.join_channel(cast.bob, channel=public.pk)
    with pytest.raises(errors.ChannelFull):
        services.join_channel(cast.charlie, channel=public.pk)
    assert Channel.objects.get(pk=public.pk).member_count == 100


def test_joining_twice_is_joining_once(cast: Cast) -> None:
    public = services.open_channel(cast.alice, name="open to all")
    for _ in range(2):
        services.join_channel(cast.charlie, channel=public.pk)
    assert Channel.objects.get(pk=public.pk).member_count == 2


def test_a_private_channel_is_not_joined_but_looks_absent(cast: Cast) -> None:
    with pytest.raises(errors.NotFound):
        services.join_channel(cast.charlie, channel=cast.team.pk)


def test_the_last_owner_stays_until_another_is_one(cast: Cast) -> None:
    with pytest.raises(errors.Forbidden):
        services.leave_channel(cast.alice, channel=cast.team.pk)
    services.change_role(cast.alice, channel=cast.team.pk, user=cast.bob, role="owner")
    services.leave_channel(cast.alice, channel=cast.team.pk)


def test_two_people_have_one_direct_channel(cast: Cast) -> None:
    first, is_new = services.open_direct_channel(cast.alice, others=[cast.bob])
    again, is_new_again = services.open_direct_channel(cast.bob, others=[cast.alice])
    assert first.pk == again.pk
    assert (is_new, is_new_again) == (True, False)


def test_cursors_move_forward_and_never_above_the_head(cast: Cast) -> None:
    head = Channel.objects.get(pk=cast.team.pk).head
    services.move_cursors({(cast.team.pk, cast.bob.pk): (10**6, head)})
    services.move_cursors({(cast.team.pk, cast.bob.pk): (0, 0)})
    member = Member.objects.get(channel=cast.team, user=cast.bob)
    assert (member.delivered_seq, member.read_seq) == (head, head)


@pytest.mark.django_db(transaction=True)
def test_a_message_is_read_once_every_other_member_has_passed_it(cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    said(cast.alice, cast.team, "news")

    def status() -> str:
        return Message.objects.get(body="news").status

    seq = Message.objects.get(body="news").seq
    services.move_cursors({(cast.team.pk, cast.bob.pk): (seq, seq)})
    assert status() == "sent"
    services.move_cursors({(cast.team.pk, cast.charlie.pk): (seq, 0)})
    assert status() == "delivered"
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    assert status() == "read"


@pytest.mark.django_db(transaction=True)
def test_a_member_who_returns_after_long_settles_much_in_steps(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "SETTLED_AT_ONCE", 10)
    for n in range(35):
        said((cast.alice, cast.bob)[n % 2], cast.team, f"{n}")
    head = Channel.objects.get(pk=cast.team.pk).head
    services.move_cursors({(cast.team.pk, user.pk): (head, head) for user in (cast.alice, cast.bob)})
    texts = Message.objects.filter(kind="text")
    assert set(texts.values_list("status", flat=True)) == {"read"}
    assert not texts.filter(delivered_at=None).exists()
    said(cast.alice, cast.team, "one more")
    assert Message.objects.get(body="one more").status == "sent"


@pytest.mark.django_db(transaction=True)
def test_a_message_of_the_slowest_member_waits_only_for_the_others(cast: Cast) -> None:
    said(cast.bob, cast.team, "by the slowest")
    said(cast.alice, cast.team, "by the other")
    head = Channel.objects.get(pk=cast.team.pk).head
    services.move_cursors({(cast.team.pk, cast.alice.pk): (head, head)})
    assert Message.objects.get(body="by the slowest").status == "read"
    assert Message.objects.get(body="by the other").status == "sent"
    services.move_cursors({(cast.team.pk, cast.bob.pk): (head, 0)})
    assert Message.objects.get(body="by the other").status == "delivered"


@pytest.mark.django_db(transaction=True)
def test_a_hundred_threads_leave_numbers_without_a_hole_or_a_double(cast: Cast) -> None:
    said(cast.alice, cast.team, "to be edited")
    target = Message.objects.get(body="to be edited")
    head = Channel.objects.get(pk=cast.team.pk).head
    failures = in_threads(100, lambda place: post_or_edit(cast, target, place))
    assert not failures
    posted = Message.objects.filter(channel=cast.team).exclude(pk=target.pk)
    seqs = sorted(posted.values_list("seq", flat=True))
    target.refresh_from_db()
    channel = Channel.objects.get(pk=cast.team.pk)
    # 50 posts and 50 edits: each took one number; the edits' numbers are all but the last one written over.
    assert channel.head == head + 100
    assert len(set(seqs)) == len(seqs)
    assert posted.filter(kind="text").count() == 50
    assert max(numbers(cast.team)) == channel.head
    assert target.rev > head


def post_or_edit(cast: Cast, target: Message, place: int) -> None:
    if place % 2:
        said((cast.alice, cast.bob)[place % 4 // 2], cast.team, f"message {place}")
    else:
        services.edit_message(cast.alice, channel=cast.team.pk, message=target.pk, body=f"edit {place}")
