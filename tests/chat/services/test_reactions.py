"""Reactions: each person once with each emoji, one number a change, at every door and under a hundred threads."""

import datetime
import json
import unicodedata

import pytest
from django.conf import settings

from chat import emoji, services
from chat.allowances.table import REACTIONS
from chat.live.source import ChatSource
from chat.models import Channel, Member, Message, Reaction, Role, User
from chat.reads import history
from chat.reads.cache import recent
from chat.reads.unread import NONE, ReadMark, count_of
from delivery.wire import errors
from tests.conftest import Cast, in_thread, said
from tests.stage.counting import has_done, headers, refused
from tests.stage.listening import Listening
from tests.stage.many_threads import in_threads
from tests.stage.moderation import message_by
from tests.stage.servers import Server, expect

pytestmark = pytest.mark.django_db


def react(user: User, row: Message, text: str = "👍") -> Message:
    return services.add_reaction(user, channel=row.channel_id, message=row.pk, emoji=text)


def unreact(user: User, row: Message, text: str = "👍") -> Message:
    return services.remove_reaction(user, channel=row.channel_id, message=row.pk, emoji=text)


def word(cast: Cast, body: str = "lunch?") -> Message:
    said(cast.alice, cast.team, body)
    return Message.objects.get(body=body)


def seen(row: Message) -> dict[str, list[int]]:
    """As everybody is shown it."""
    page = history.newest_from_rows(row.channel_id)
    [found] = [raw for raw in map(json.loads, page.raws) if raw["id"] == row.pk]
    reactions: dict[str, list[int]] = found["reactions"]
    return reactions


def head_of(channel: Channel) -> int:
    return Channel.objects.get(pk=channel.pk).head


def test_a_reaction_is_a_change_of_its_message(cast: Cast) -> None:
    row = word(cast)
    head = head_of(cast.team)
    react(cast.bob, row, "🎉")
    react(cast.alice, row, "👍")
    react(cast.alice, row, "🎉")
    assert seen(row) == {"🎉": [cast.bob.pk, cast.alice.pk], "👍": [cast.alice.pk]}
    assert list(seen(row)) == ["🎉", "👍"], "in the order in which they came"
    row.refresh_from_db()
    assert (row.rev, row.edited_at, head_of(cast.team)) == (head + 3, None, head + 3)
    unreact(cast.bob, row, "🎉")
    assert list(seen(row)) == ["🎉", "👍"], "a kind stays in its place"
    unreact(cast.alice, row, "🎉")
    assert seen(row) == {"👍": [cast.alice.pk]}


def test_repeating_changes_nothing(cast: Cast) -> None:
    row = word(cast)
    first, again = react(cast.bob, row), react(cast.bob, row)
    assert (first.rev, again.rev) == (head_of(cast.team), head_of(cast.team))
    gone, again = unreact(cast.bob, row), unreact(cast.bob, row)
    assert (gone.rev, again.rev) == (first.rev + 1, first.rev + 1)
    assert (seen(row), Reaction.objects.count()) == ({}, 0)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        *(("❤", "❤️"), ("❤️", "❤️"), ("👍️", "👍"), ("1⃣", "1️⃣"), ("🏳‍🌈", "🏳️‍🌈"), ("👁‍🗨", "👁️‍🗨️")),
        *((text, text) for text in ("👍🏽", "👩🏾‍🤝‍👨🏻", "👨‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "#️⃣", "🫩")),
    ],
)
def test_an_emoji_is_kept_in_its_full_spelling(cast: Cast, given: str, kept: str) -> None:
    row = word(cast)
    react(cast.bob, row, given)
    assert seen(row) == {kept: [cast.bob.pk]}
    assert react(cast.bob, row, kept).rev == head_of(cast.team)
    assert head_of(cast.team) == row.rev + 1
    unreact(cast.bob, row, given)
    assert seen(row) == {}


NO_EMOJI = [
    *("", " ", "a", "1", "#", "👍👍", "👍 ", "🇩", "🏽", "❤\ufe0e", "\ufe0f", "\u200d"),
    *(":+1:", "👍" * 5000, "\x00", "<b>", "👍🏽🏽"),
]


@pytest.mark.parametrize("text", NO_EMOJI, ids=lambda text: ascii(text)[:24])
def test_what_is_no_emoji_is_no_reaction(cast: Cast, text: str) -> None:
    row = word(cast)
    for verb in (react, unreact):
        with pytest.raises(errors.Invalid):
            verb(cast.bob, row, text)
    assert (seen(row), head_of(cast.team)) == ({}, row.rev)


def test_every_emoji_has_one_spelling() -> None:
    known = (settings.BASE_DIR / "chat" / "emoji.txt").read_text().split()
    assert len(known) > 3_900
    for text in known:
        assert emoji.fully_qualified(text) == emoji.fully_qualified(text.replace("\ufe0f", "")) == text
        assert len(text) <= Reaction._meta.get_field("emoji").max_length
        assert unicodedata.normalize("NFC", text) == text


@pytest.mark.holds("reaction_kinds")
def test_a_message_takes_twenty_kinds_and_not_one_more(cast: Cast) -> None:
    row = word(cast)
    kinds = (settings.BASE_DIR / "chat" / "emoji.txt").read_text().split()[100:121]
    for text in kinds[:20]:
        react(cast.bob, row, text)
    with pytest.raises(errors.Invalid, match="20"):
        react(cast.bob, row, kinds[20])
    react(cast.alice, row, kinds[0])
    unreact(cast.bob, row, kinds[1])
    react(cast.bob, row, kinds[20])
    assert list(seen(row)) == [kinds[0], *kinds[2:21]]


def test_only_what_somebody_says_takes_reactions(cast: Cast) -> None:
    row = word(cast)
    react(cast.bob, row)
    services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk)
    assert (seen(row), Reaction.objects.count()) == ({}, 0)
    event = Message.objects.filter(channel=cast.team, kind="system").latest("seq")
    for target in (row, event):
        for verb in (react, unreact):
            with pytest.raises(errors.Invalid):
                verb(cast.bob, target)


def test_a_message_of_another_channel_is_not_found(cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="other")
    row = word(cast)
    for channel in (other.pk, 10**9):
        for verb in (services.add_reaction, services.remove_reaction):
            with pytest.raises(errors.NotFound):
                verb(cast.alice, channel=channel, message=row.pk, emoji="👍")


def test_a_block_ends_reactions_in_a_direct_conversation(cast: Cast) -> None:
    direct, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    row = Message.objects.get(pk=message_by(cast.alice, direct))
    react(cast.bob, row)
    services.block_user(cast.alice, whom=cast.bob)
    for verb in (react, unreact):
        with pytest.raises(errors.Blocked):
            verb(cast.bob, row)


def test_a_reaction_is_not_unread(cast: Cast) -> None:
    row = word(cast)
    services.read_channel(cast.bob, channel=cast.team.pk, seq=row.seq)
    react(cast.alice, row)
    member = Member.objects.get(channel=cast.team, user=cast.bob)
    mark = ReadMark(cast.team.pk, cast.bob.pk, member.read_seq, head_of(cast.team))
    assert count_of(cast.bob.pk, [mark]) == {cast.team.pk: NONE}
    assert member.read_seq == row.seq


@pytest.mark.django_db(transaction=True)
def test_the_recent_page_has_the_reactions(cast: Cast) -> None:
    row = word(cast)
    assert recent.rebuild(cast.team.pk)
    react(cast.bob, row)
    assert recent.newest(cast.team.pk, 20) is None, "what was kept is out of date"
    assert recent.rebuild(cast.team.pk)
    found = recent.newest(cast.team.pk, 20)
    assert found is not None
    assert json.loads(found[0][0])["reactions"] == {"👍": [cast.bob.pk]}


@pytest.mark.django_db(transaction=True)
def test_a_hundred_at_once_are_one_number_each_kind(cast: Cast) -> None:
    row, head = word(cast), head_of(cast.team)
    kinds = ("👍", "🎉", "❤")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(settings, "RATE_LIMIT_EXEMPT_USERS", {"bob"})
        assert not in_threads(100, lambda place: react(cast.bob, row, kinds[place % 3]))
    assert head_of(cast.team) == head + 3
    assert set(seen(row)) == {"👍", "🎉", "❤️"}
    assert {tuple(users) for users in seen(row).values()} == {(cast.bob.pk,)}


async def test_everybody_hears_of_a_reaction_and_who_was_away_catches_up(servers: list[Server], cast: Cast) -> None:
    row = await in_thread(word, cast)
    # Said long ago: what is replayed is judged by when it changed.
    await in_thread(long_ago, row)
    place = {"channel": cast.team.pk, "message": row.pk}
    async with (
        Listening(servers[0].ws, token=cast.token(cast.alice), heads={cast.team.pk: row.rev}) as alice,
        Listening(servers[1].ws, token=cast.token(cast.bob), heads={cast.team.pk: row.rev}) as bob,
    ):
        ok = await bob.command("reaction.add", **place, emoji="❤")
        assert ok["message"]["reactions"] == {"❤️": [cast.bob.pk]}
        for each in (alice, bob):
            await expect(lambda each=each: reactions_heard(each, cast) == [{"❤️": [cast.bob.pk]}])
        again = await alice.command("reaction.remove", **place, emoji="❤️")
        assert again["message"] == ok["message"], "one's own alone"
    async with Listening(servers[1].ws, token=cast.token(cast.alice), heads=None) as back:
        answer = await back.sync({cast.team.pk: row.rev})
        assert answer["channels"][str(cast.team.pk)] == {"head": row.rev + 1}
        assert [change["rev"] for change in back.changes[cast.team.pk]] == [row.rev + 1]


def test_what_is_replayed_is_judged_by_when_it_changed(cast: Cast) -> None:
    row = word(cast)
    long_ago(row)
    assert ChatSource().can_replay({cast.team.pk: row.rev - 1}) == {cast.team.pk: False}
    react(cast.bob, row)
    assert ChatSource().can_replay({cast.team.pk: row.rev}) == {cast.team.pk: True}


def reactions_heard(socket: Listening, cast: Cast) -> list[dict[str, list[int]]]:
    return [change["reactions"] for change in socket.changes.get(cast.team.pk, [])]


def long_ago(row: Message) -> None:
    earlier = row.created_at - datetime.timedelta(days=3)
    Message.objects.filter(pk=row.pk).update(created_at=earlier)


@pytest.mark.holds("reactions_per_minute")
async def test_sixty_reactions_a_minute_and_not_one_more(processes: list[Server], cast: Cast) -> None:
    row = await in_thread(word, cast)
    path = f"/channels/{cast.team.pk}/messages/{row.pk}/reactions/"
    http = processes[1].http(cast.token(cast.bob))
    await in_thread(has_done, 57, allowance=REACTIONS, user=cast.bob)
    added = await in_thread(http.post, path, json={"emoji": "👍"})
    assert (added.status_code, added.json()["reactions"], headers(added)) == (200, {"👍": [cast.bob.pk]}, (60, 2))
    assert headers(await in_thread(http.delete, path, params={"emoji": "👍"})) == (60, 1)
    wrong = await in_thread(http.post, path, json={"emoji": "no"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")
    missing = await in_thread(http.delete, path)
    assert (missing.status_code, missing.json()["code"]) == (400, "invalid")
    async with processes[0].connect(cast.token(cast.bob)) as bob:
        await bob.command("reaction.add", channel=cast.team.pk, message=row.pk, emoji="🎉")
        refused(await in_thread(http.post, path, json={"emoji": "👍"}), 60, within=60)


def test_who_has_left_keeps_their_reactions_and_adds_none(cast: Cast) -> None:
    row = word(cast)
    react(cast.bob, row)
    services.leave_channel(cast.bob, channel=cast.team.pk)
    assert seen(row) == {"👍": [cast.bob.pk]}
    with pytest.raises(errors.NotFound):
        react(cast.bob, row, "🎉")
    assert not Member.objects.filter(channel=cast.team, user=cast.bob, role=Role.MEMBER).exists()
