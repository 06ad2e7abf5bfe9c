"""How many unread messages mention the reader: counted from rows like unread, the same at every door, with no remains."""

import itertools
import uuid
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chat import services
from chat.models import Channel, Member, Message, User
from chat.reads.channels import channels_of
from chat.reads.unread import ReadMark, count_all
from tests.conftest import Cast, in_thread, said
from tests.stage.listening import Listening
from tests.stage.nodes import opening_by
from tests.stage.servers import Server, expect

pytestmark = pytest.mark.django_db


def mentioned(cast: Cast, user: User, channel: Channel) -> int:
    """As three doors count it: lists and pages, `hello`, and receipts."""
    [listed] = [each for each in channels_of(user.pk) if each.id == channel.pk]
    opened = opening_by(cast.token(user))
    [access] = [each for each in opened.accesses if each.channel_id == channel.pk]
    member = Member.objects.select_related("channel").get(user=user, channel=channel)
    mark = ReadMark(channel.pk, user.pk, member.read_seq, member.channel.head)
    counts = {listed.mentioned, access.description.mentioned, count_all([mark])[channel.pk, user.pk].mentioned}  # type: ignore[attr-defined]
    assert len(counts) == 1, counts
    return counts.pop()


def test_what_calls_is_counted_until_it_is_read(cast: Cast) -> None:
    for body in ("hello", "@bob", "@channel", "@alice"):
        said(cast.alice, cast.team, body)
    assert (mentioned(cast, cast.bob, cast.team), mentioned(cast, cast.alice, cast.team)) == (2, 0)
    first, second = Message.objects.filter(body__in=["@bob", "@channel"]).order_by("seq")
    services.read_channel(cast.bob, channel=cast.team.pk, seq=first.seq)
    assert mentioned(cast, cast.bob, cast.team) == 1
    services.read_channel(cast.bob, channel=cast.team.pk, seq=second.seq)
    assert mentioned(cast, cast.bob, cast.team) == 0


def test_what_a_blocked_person_says_calls_nobody_who_blocked_them(cast: Cast) -> None:
    said(cast.alice, cast.team, "@bob")
    services.block_user(cast.bob, whom=cast.alice)
    said(cast.alice, cast.team, "@channel")
    assert mentioned(cast, cast.bob, cast.team) == 0
    services.unblock_user(cast.bob, whom=cast.alice)
    assert mentioned(cast, cast.bob, cast.team) == 2


def test_who_comes_back_is_called_by_nothing_from_before(cast: Cast) -> None:
    said(cast.alice, cast.team, "@bob")
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    assert mentioned(cast, cast.bob, cast.team) == 0


NAMES = ("alice", "bob", "charlie")
BODIES = ["hello", "@bob", "@charlie @alice", "@channel", "@here and `@bob`", "@vera"]
STEPS = st.one_of(
    st.tuples(st.just("post"), st.sampled_from(NAMES), st.sampled_from(BODIES)),
    st.tuples(st.just("edit"), st.integers(0, 9), st.sampled_from(BODIES)),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("read"), st.sampled_from(NAMES), st.integers(0, 30)),
    st.tuples(st.sampled_from(["join", "leave"]), st.sampled_from(NAMES[1:])),
)


class Model:
    """Who is called by what, and how far everybody has read: what the counts must be."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.channel = services.open_channel(
            cast.alice, name=f"model-{uuid.uuid4()}", kind="private", members=[cast.bob]
        )
        self.members = {"alice", "bob"}
        self.called: dict[int, set[str]] = {}
        self.said: dict[int, tuple[str, str]] = {}
        self.read = dict.fromkeys(self.members, self.head)

    @property
    def head(self) -> int:
        return Channel.objects.get(pk=self.channel.pk).head

    def post(self, who: str, body: str) -> None:
        if who not in self.members:
            return
        said(getattr(self.cast, who), self.channel, body)
        seq = self.head
        self.said[seq] = (who, body)
        self.called[seq] = self._whom(body) - {who}

    def edit(self, pick: int, body: str) -> None:
        if (seq := self._picked(pick)) is None:
            return
        who, before = self.said[seq]
        services.edit_message(getattr(self.cast, who), channel=self.channel.pk, message=self._message(seq), body=body)
        if body != before:
            stays = self.called[seq] if _is_to_all(before) and _is_to_all(body) else set()
            self.called[seq] = stays or self._whom(body) - {who}
        self.said[seq] = (who, body)

    def delete(self, pick: int) -> None:
        if (seq := self._picked(pick)) is None:
            return
        who, _ = self.said.pop(seq)
        del self.called[seq]
        services.delete_message(getattr(self.cast, who), channel=self.channel.pk, message=self._message(seq))

    def reads(self, who: str, seq: int) -> None:
        if who not in self.members:
            return
        services.read_channel(getattr(self.cast, who), channel=self.channel.pk, seq=seq)
        self.read[who] = max(self.read[who], min(seq, self.head))

    def join(self, who: str) -> None:
        if who in self.members:
            return
        services.add_member(self.cast.alice, channel=self.channel.pk, user=getattr(self.cast, who))
        self.members.add(who)
        self.read[who] = self.head

    def leave(self, who: str) -> None:
        if who in self.members:
            services.remove_member(self.cast.alice, channel=self.channel.pk, user=getattr(self.cast, who))
            self.members.discard(who)

    def mentioned(self, who: str) -> int:
        return sum(who in whom and seq > self.read[who] for seq, whom in self.called.items())

    def _whom(self, body: str) -> set[str]:
        return set(self.members) if _is_to_all(body) else {name for name in self.members if f"@{name}" in body}

    def _picked(self, pick: int) -> int | None:
        own = [seq for seq, (who, _) in self.said.items() if who in self.members]
        return own[pick % len(own)] if own else None

    def _message(self, seq: int) -> int:
        return Message.objects.get(channel=self.channel, seq=seq).pk


def _is_to_all(body: str) -> bool:
    return "@channel" in body or "@here" in body


def test_after_any_sequence_the_counts_are_those_of_the_rows(cast: Cast, settings: Any) -> None:
    settings.LIMITS = type(settings.LIMITS)(
        revisions_per_minute=0, memberships_per_minute=0, creations_per_hour=0, channels_per_user=5000
    )

    @hypothesis_settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, max_size=14))
    def holds(steps: list[tuple[Any, ...]]) -> None:
        with transaction.atomic():
            model = Model(cast)
            for verb, *given_ in steps:
                getattr(model, "reads" if verb == "read" else verb)(*given_)
            for who in model.members:
                assert mentioned(cast, getattr(cast, who), model.channel) == model.mentioned(who), (who, steps)
                model.reads(who, model.head)
                assert mentioned(cast, getattr(cast, who), model.channel) == 0, (who, steps)
            transaction.set_rollback(True)

    holds()


def told(socket: Listening, op: str) -> list[dict[str, Any]]:
    found = []
    while not socket.pushes.empty():
        found.append(socket.pushes.get_nowait())
    return [frame for frame in found if frame["op"] == op]


@pytest.mark.django_db(transaction=True)
async def test_a_mentions_badge_goes_on_all_devices_when_it_is_read_on_one(servers: list[Server], cast: Cast) -> None:
    team = cast.team.pk
    async with (
        servers[0].connect(cast.token(cast.alice)) as alice,
        servers[0].connect(cast.token(cast.bob)) as bob,
        servers[1].connect(cast.token(cast.bob)) as elsewhere,
    ):
        posted = [(await alice.post(team, body))["message"] for body in ("@bob", "plain", "@here", "@Bob, too")]
        assert [message["mentions"]["users"] for message in posted] == [[cast.bob.pk], [], [], [cast.bob.pk]]
        assert [message["mentions"]["everyone"] for message in posted] == [False, False, True, False]
        await expect(lambda: elsewhere.heads[team] == posted[-1]["seq"])
        # What others hear live is what is replayed: the same bytes for everyone.
        assert [change["mentions"] for change in elsewhere.changes[team]] == [each["mentions"] for each in posted]
        left = []
        for message in posted:
            await bob.command("read", channel=team, seq=message["seq"])
            for socket in (bob, elsewhere):
                frame = await expect(lambda socket=socket: told(socket, "receipts"), within=5)
                left.append((frame[-1]["unread"], frame[-1]["mentioned"]))
        assert left == list(itertools.chain.from_iterable(2 * [each] for each in [(3, 2), (2, 2), (1, 1), (0, 0)]))
    async with servers[1].connect(cast.token(cast.bob), heads={team: posted[0]["seq"] - 1}) as again:
        [channel] = again.hello["channels"]
        assert (channel["unread"], channel["mentioned"]) == (0, 0)
        assert [change["mentions"] for change in again.changes[team]] == [each["mentions"] for each in posted]


@pytest.mark.django_db(transaction=True)
async def test_an_edit_and_a_deletion_are_heard_with_whom_they_call(servers: list[Server], cast: Cast) -> None:
    team = cast.team.pk
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        message = (await alice.post(team, "hello"))["message"]
        edited = await alice.command("message.edit", channel=team, message=message["id"], body="hello @bob")
        assert edited["message"]["mentions"]["users"] == [cast.bob.pk]
        await alice.command("message.delete", channel=team, message=message["id"])
        await expect(lambda: bob.heads[team] == message["seq"] + 2)
        assert [change["mentions"]["users"] for change in bob.changes[team]] == [[], [cast.bob.pk], []]
        assert await in_thread(mentioned, cast, cast.bob, cast.team) == 0


@pytest.mark.django_db(transaction=True)
def test_the_list_has_what_one_may_see_now_newest_first(server: Server, cast: Cast) -> None:
    other = services.open_channel(cast.charlie, name="other", kind="private", members=[cast.bob])
    for number in range(3):
        said(cast.alice, cast.team, f"@bob {number}")
        said(cast.charlie, other, f"@channel {number}")
    with server.http(cast.token(cast.bob)) as http:

        def listed(**query: Any) -> list[str]:
            return [message["body"] for message in http.get("/mentions/", params=query).json()["results"]]

        every = ["@channel 2", "@bob 2", "@channel 1", "@bob 1", "@channel 0", "@bob 0"]
        assert listed() == every
        page = http.get("/mentions/", params={"page_size": 4}).json()
        assert [message["body"] for message in page["results"]] == every[:4]
        assert [message["body"] for message in http.get(page["next"]).json()["results"]] == every[4:]
        row = Message.objects.get(body="@bob 1")
        services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="never mind")
        services.delete_message(cast.alice, channel=cast.team.pk, message=Message.objects.get(body="@bob 0").pk)
        assert listed() == ["@channel 2", "@bob 2", "@channel 1", "@channel 0"]
        services.block_user(cast.bob, whom=cast.alice)
        assert listed() == ["@channel 2", "@channel 1", "@channel 0"]
        services.unblock_user(cast.bob, whom=cast.alice)
        services.remove_member(cast.charlie, channel=other.pk, user=cast.bob)
        assert listed() == ["@bob 2"]
    with server.http(cast.token(cast.alice)) as http:
        assert http.get("/mentions/").json()["results"] == []
