"""Mentions by `@name`, `@here` and `@channel`, of the members at that moment; and the effects of edits and deletions."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from chat import services
from chat.models import Channel, Mention, Message
from chat.search import search
from tests.conftest import Cast, said
from tests.stage.accounts import people_called

pytestmark = pytest.mark.django_db


def mentions(body: str) -> Any:
    """As the row keeps them; by anybody's first message of that body."""
    return Message.objects.filter(body=body).latest("pk").mentions


def heard(message: Message) -> set[str]:
    return set(Mention.objects.filter(message=message).values_list("user__username", flat=True))


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@bob, look", ["bob"]),
        ("look @BOB.", ["bob"]),
        ("(@bob)", ["bob"]),
        ("_@bob_ and **@alice**", ["bob", "alice"]),
        ("@alice/@bob: lunch?", ["alice", "bob"]),
        ("> @bob said", ["bob"]),
        ("@bob @bob @Bob", ["bob"]),
        ("ask @bob...", ["bob"]),
        ("...@bob!", ["bob"]),
        ("@alice to myself", ["alice"]),
        ("mail@bob", []),
        ("bob@bob.example", []),
        ("@bob@social.example", []),
        ("@bobby", []),
        ("@bobé", []),
        ("请@bob看一下", ["bob"]),
        ("@bo", []),
        ("bob", []),
        ("@ bob", []),
        ("`@bob`", []),
        ("``a ` @bob``", []),
        ("```\n@bob\n```", []),
        ("~~~\n@bob", []),
        ("    @bob", []),
        (r"\@bob", []),
        ("https://example.org/@bob", []),
        ("[@bob](https://example.org)", []),
        ("@charlie is a stranger", []),
        ("`@bob` @bob", ["bob"]),
    ],
)
def test_a_name_is_called_as_a_word_of_its_own(cast: Cast, body: str, names: Sequence[str]) -> None:
    committed = said(cast.alice, cast.team, body)
    expected = {"users": [getattr(cast, name).pk for name in names], "everyone": False}
    assert msgspec.json.decode(committed.raw)["mentions"] == expected
    row = Message.objects.latest("pk")
    assert row.mentions == (expected if names else None)
    # Nobody calls themselves.
    assert heard(row) == set(names) - {"alice"}


def test_of_two_names_the_longer_one_is_meant(cast: Cast) -> None:
    dotted = services.create_user("b.ob.", display_name="Dotted")
    services.add_member(cast.alice, channel=cast.team.pk, user=dotted)
    said(cast.alice, cast.team, "see @b.ob.")
    assert mentions("see @b.ob.")["users"] == [dotted.pk]


def crowded(cast: Cast, members: int) -> Channel:
    """A channel with alice as its owner and so many members, bob among them."""
    others = people_called(*(f"person{n}" for n in range(members - 2)))
    return services.open_channel(cast.alice, name="crowd", kind="private", members=[cast.bob, *others.values()])


@pytest.mark.holds("everyone_members")
@pytest.mark.parametrize("word", ["@here", "@channel", "@Channel!"])
def test_a_plain_member_calls_everybody_in_small_channels_alone(cast: Cast, word: str) -> None:
    crowd = crowded(cast, 12)
    said(cast.bob, crowd, f"{word} lunch")
    row = Message.objects.latest("pk")
    assert row.mentions == {"users": [], "everyone": True}
    assert len(heard(row)) == 11
    services.add_member(cast.alice, channel=crowd.pk, user=cast.charlie)
    said(cast.bob, crowd, f"{word} dinner")
    assert Message.objects.latest("pk").mentions is None


def test_owners_and_moderators_call_everybody_in_every_channel(cast: Cast) -> None:
    crowd = crowded(cast, 13)
    said(cast.alice, crowd, "@here news")
    services.change_role(cast.alice, channel=crowd.pk, user=cast.bob, role="moderator")
    said(cast.bob, crowd, "@channel more news")
    for body in ("@here news", "@channel more news"):
        assert mentions(body)["everyone"]


def test_who_joins_later_is_not_called_by_what_was_said_before(cast: Cast) -> None:
    said(cast.alice, cast.team, "@channel and @charlie")
    row = Message.objects.latest("pk")
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    assert heard(row) == {"bob"}
    assert mentions("@channel and @charlie") == {"users": [], "everyone": True}
    services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="@channel once more")
    assert heard(row) == {"bob"}


def changed(cast: Cast, row: Message, body: str) -> Message:
    return services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body=body)


def test_an_edit_calls_whom_it_brings_in_and_no_longer_whom_it_takes_out(cast: Cast) -> None:
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    said(cast.alice, cast.team, "hello @bob")
    row = Message.objects.latest("pk")
    first = Mention.objects.get(message=row)
    row = changed(cast, row, "hello @bob and @charlie")
    assert row.mentions == {"users": [cast.bob.pk, cast.charlie.pk], "everyone": False}
    assert heard(row) == {"bob", "charlie"}
    assert Mention.objects.get(message=row, user=cast.bob) == first
    assert heard(changed(cast, row, "hello @charlie")) == {"charlie"}
    assert heard(changed(cast, row, "hello @here")) == {"bob", "charlie"}
    gone = changed(cast, row, "hello")
    assert (gone.mentions, heard(gone)) == (None, set())


def test_a_deleted_message_calls_nobody(cast: Cast) -> None:
    said(cast.alice, cast.team, "@bob @here")
    row = Message.objects.latest("pk")
    services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk)
    row.refresh_from_db()
    assert (row.mentions, heard(row)) == (None, set())


def test_a_batch_calls_in_each_channel_whom_it_names_there(cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="other", kind="private", members=[cast.charlie])
    drafts = [
        services.Draft(channel=channel.pk, sender=cast.alice.pk, client_msg_id=uuid.uuid4(), body=body)
        for channel, body in [(cast.team, "@bob"), (other, "@bob @charlie"), (cast.team, "@charlie"), (other, "@here")]
    ]
    for outcome in services.post_messages(drafts):
        assert not isinstance(outcome, Exception)
    found = Mention.objects.order_by("message").values_list("channel", "seq", "user__username")
    seqs = dict(Message.objects.filter(kind="text").values_list("body", "seq"))
    assert list(found) == [
        (cast.team.pk, seqs["@bob"], "bob"),
        (other.pk, seqs["@bob @charlie"], "charlie"),
        (other.pk, seqs["@here"], "charlie"),
    ]


def test_a_search_finds_what_calls_one(cast: Cast) -> None:
    for body in ("hello @bob", "hello all", "hello @alice"):
        said(cast.alice, cast.team, body)
    assert [message.body for message in search(cast.bob, "hello is:mention").messages] == ["hello @bob"]
    assert search(cast.alice, "is:mention").messages == []
