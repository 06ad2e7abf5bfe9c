"""Pins are changes of their message, for everybody in the channel; saved messages are a person's own, and move no log."""

import uuid
from typing import Any

import pytest
from django.conf import settings

from chat import clock, services
from chat.allowances.table import PINS
from chat.models import Channel, Message, Saved, User
from chat.reads.cache import recent
from chat.search import search
from delivery.wire import errors
from tests.conftest import Cast, in_thread, said
from tests.stage.counting import has_done, headers, refused
from tests.stage.listening import Listening
from tests.stage.many_threads import in_threads
from tests.stage.moderation import message_by
from tests.stage.servers import Server, expect

pytestmark = pytest.mark.django_db


def word(cast: Cast, body: str = "the door code is 4711") -> Message:
    said(cast.alice, cast.team, body)
    return Message.objects.get(body=body)


def head_of(channel: Channel) -> int:
    return Channel.objects.get(pk=channel.pk).head


def pinned(cast: Cast) -> list[str]:
    return list(Message.objects.pinned_in(cast.team.pk).order_by("-pinned_at").values_list("body", flat=True))


def test_a_pin_is_a_change_of_its_message_and_repeating_it_is_none(cast: Cast) -> None:
    row, head = word(cast), head_of(cast.team)
    place = {"channel": cast.team.pk, "message": row.pk}
    first, again = services.pin_message(cast.bob, **place), services.pin_message(cast.alice, **place)
    assert (first.rev, again.rev, again.pinned_at) == (head + 1, head + 1, first.pinned_at)
    gone, again = services.unpin_message(cast.alice, **place), services.unpin_message(cast.bob, **place)
    assert (gone.rev, again.rev, again.pinned_at, head_of(cast.team)) == (head + 2, head + 2, None, head + 2)


def test_pins_have_one_order_even_in_one_moment(cast: Cast, standing_clock: Any) -> None:
    for body in ("one", "two", "three"):
        row = word(cast, body)
        services.pin_message(cast.bob, channel=cast.team.pk, message=row.pk)
    assert pinned(cast) == ["three", "two", "one"]
    assert Message.objects.pinned_in(cast.team.pk).values("pinned_at").distinct().count() == 3


@pytest.mark.holds("pins")
def test_a_channel_has_a_hundred_pins_and_not_one_more(cast: Cast) -> None:
    ids = [message_by(cast.alice, cast.team) for _ in range(101)]
    Message.objects.filter(pk__in=ids[:99]).update(pinned_at=clock.now())
    assert settings.LIMITS.pins == 100
    services.pin_message(cast.bob, channel=cast.team.pk, message=ids[99])
    with pytest.raises(errors.Invalid, match="100"):
        services.pin_message(cast.bob, channel=cast.team.pk, message=ids[100])
    services.pin_message(cast.bob, channel=cast.team.pk, message=ids[99])
    services.unpin_message(cast.bob, channel=cast.team.pk, message=ids[0])
    services.pin_message(cast.bob, channel=cast.team.pk, message=ids[100])


def test_only_what_somebody_says_is_pinned_and_a_deletion_takes_the_pin_along(cast: Cast) -> None:
    row = word(cast)
    services.pin_message(cast.bob, channel=cast.team.pk, message=row.pk)
    services.save_message(cast.bob, message=row.pk)
    services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk)
    row.refresh_from_db()
    assert (row.pinned_at, pinned(cast), Saved.objects.count()) == (None, [], 0)
    event = Message.objects.filter(channel=cast.team, kind="system").latest("seq")
    for target in (row, event):
        for verb in (services.pin_message, services.unpin_message):
            with pytest.raises(errors.Invalid):
                verb(cast.bob, channel=cast.team.pk, message=target.pk)
        with pytest.raises(errors.Invalid):
            services.save_message(cast.bob, message=target.pk)
    other = services.open_channel(cast.alice, name="other")
    for verb in (services.pin_message, services.unpin_message):
        with pytest.raises(errors.NotFound):
            verb(cast.alice, channel=other.pk, message=row.pk)


def test_a_block_ends_pins_in_a_direct_conversation(cast: Cast) -> None:
    direct, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    row = message_by(cast.alice, direct)
    services.block_user(cast.alice, whom=cast.bob)
    for verb in (services.pin_message, services.unpin_message):
        with pytest.raises(errors.Blocked):
            verb(cast.bob, channel=direct.pk, message=row)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_pins_at_once_are_one_number(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "RATE_LIMIT_EXEMPT_USERS", {"bob"})
    row, head = word(cast), head_of(cast.team)
    assert not in_threads(100, lambda _: services.pin_message(cast.bob, channel=cast.team.pk, message=row.pk))
    assert head_of(cast.team) == head + 1
    assert not in_threads(100, lambda _: services.save_message(cast.bob, message=row.pk))
    assert (Saved.objects.count(), head_of(cast.team)) == (1, head + 1)
    assert recent.rebuild(cast.team.pk)
    found = recent.newest(cast.team.pk, 20)
    assert found is not None
    assert b'"pinned_at":"' in found[0][0]


@pytest.mark.holds("pins_per_minute")
async def test_twenty_pins_a_minute_and_who_was_away_catches_up(processes: list[Server], cast: Cast) -> None:
    row = await in_thread(word, cast)
    path = f"/channels/{cast.team.pk}/messages/{row.pk}/pin/"
    http = processes[1].http(cast.token(cast.bob))
    await in_thread(has_done, 17, allowance=PINS, user=cast.bob)
    heads = {cast.team.pk: row.rev}
    async with Listening(processes[0].ws, token=cast.token(cast.bob), heads=heads) as bob:
        added = await in_thread(http.post, path)
        assert (added.status_code, headers(added)) == (200, (20, 2))
        await expect(
            lambda: [change["pinned_at"] for change in bob.changes.get(cast.team.pk, [])] == [added.json()["pinned_at"]]
        )
        listed = (await in_thread(http.get, f"/channels/{cast.team.pk}/pins/")).json()
        assert ([found["id"] for found in listed["results"]], listed["next"]) == ([row.pk], None)
        await bob.command("pin.remove", channel=cast.team.pk, message=row.pk)
        again = await bob.command("pin.add", channel=cast.team.pk, message=row.pk)
        assert again["message"]["pinned_at"] > added.json()["pinned_at"]
        refused(await in_thread(http.delete, path), 20, within=60)
    async with Listening(processes[2].ws, token=cast.token(cast.alice), heads=None) as alice:
        await alice.sync(heads)
        assert [change["rev"] for change in alice.changes[cast.team.pk]] == [row.rev + 3]


def test_pins_come_page_by_page(server: Server, cast: Cast) -> None:
    for body in ("one", "two", "three"):
        services.pin_message(cast.bob, channel=cast.team.pk, message=word(cast, body).pk)
    http = server.http(cast.token(cast.alice))
    found, following = [], f"/channels/{cast.team.pk}/pins/?page_size=2"
    while following:
        page = http.get(following).json()
        found.append([message["body"] for message in page["results"]])
        following = page["next"] and page["next"].split("/api/v1", 1)[1]
    assert found == [["three", "two"], ["one"]]
    wrong = http.get(f"/channels/{cast.team.pk}/pins/", params={"cursor": "9007199254740991"})
    assert wrong.status_code in (200, 400)


# ---- saved ----


def test_a_saved_message_is_ones_own_and_moves_no_log(server: Server, cast: Cast) -> None:
    first, second = word(cast, "first"), word(cast, "second")
    head = head_of(cast.team)
    bob, alice, charlie = (server.http(cast.token(user)) for user in (cast.bob, cast.alice, cast.charlie))
    saved = [bob.post("/saved/", json={"message": row.pk}) for row in (first, second, first)]
    assert [answer.status_code for answer in saved] == [201, 201, 200]
    assert saved[0].json()["body"] == "first"
    assert bodies(bob.get("/saved/")) == ["second", "first"]
    assert bodies(alice.get("/saved/")) == []
    assert charlie.post("/saved/", json={"message": first.pk}).status_code == 404
    assert head_of(cast.team) == head
    for _ in range(2):
        assert bob.delete("/saved/", params={"message": second.pk}).status_code == 204
    assert bob.delete("/saved/").status_code == 400
    assert bodies(bob.get("/saved/")) == ["first"]
    assert alice.delete(f"/saved/{first.pk}/").status_code == 204
    assert bodies(bob.get("/saved/")) == ["first"], "hers alone"
    assert bob.delete(f"/saved/{first.pk}/").status_code == 204
    assert bodies(bob.get("/saved/")) == []


def bodies(answer: Any) -> list[str]:
    return [message["body"] for message in answer.json()["results"]]


def test_what_was_saved_is_seen_as_long_as_its_channel(cast: Cast) -> None:
    row = word(cast)
    services.save_message(cast.bob, message=row.pk)
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    assert list(Saved.objects.visible_to(cast.bob)) == []
    with pytest.raises(errors.NotFound):
        services.save_message(cast.bob, message=row.pk)
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    assert [saved.message_id for saved in Saved.objects.visible_to(cast.bob)] == [row.pk]


@pytest.mark.holds("saved")
def test_a_thousand_messages_can_be_saved_and_not_one_more(cast: Cast) -> None:
    row = word(cast)
    most = settings.LIMITS.saved
    drafts = [
        Message(
            channel=cast.team,
            sender=cast.alice,
            client_msg_id=uuid.uuid4(),
            body="x",
            seq=n,
            rev=n,
            created_at=clock.now(),
        )
        for n in range(1_000, 1_000 + most)
    ]
    rows = Message.objects.bulk_create(drafts)
    Saved.objects.bulk_create([Saved(user=cast.bob, message=each) for each in rows[:-1]])
    services.save_message(cast.bob, message=row.pk)
    with pytest.raises(errors.Invalid, match="1,000"):
        services.save_message(cast.bob, message=rows[-1].pk)
    assert services.save_message(cast.bob, message=row.pk)[1] is False
    services.forget_saved(cast.bob, message=row.pk)
    services.save_message(cast.bob, message=rows[-1].pk)
    # What is in no list of theirs any more, because they have left, takes no room.
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    other = services.open_channel(cast.bob, name="own", kind="private")
    said(cast.bob, other, "mine")
    assert services.save_message(cast.bob, message=Message.objects.get(body="mine").pk)[1]
    assert Saved.objects.filter(user=cast.bob).count() == 1


@pytest.mark.django_db(transaction=True)
def test_search_finds_what_has_reactions_what_is_pinned_and_what_is_saved(cast: Cast) -> None:
    reacted, pinned_row, saved, _ = [word(cast, f"plan {each}") for each in ("one", "two", "three", "four")]
    services.add_reaction(cast.bob, channel=cast.team.pk, message=reacted.pk, emoji="👍")
    services.pin_message(cast.bob, channel=cast.team.pk, message=pinned_row.pk)
    services.save_message(cast.bob, message=saved.pk)

    def found(text: str, user: User = cast.bob) -> list[str]:
        return [row.body for row in search(user, text).messages]

    assert found("has:reaction") == ["plan one"]
    assert found("plan is:pinned") == ["plan two"]
    assert found("is:saved") == found("is:SAVED plan") == ["plan three"]
    assert found("is:saved", cast.alice) == []
    assert found("is:saved is:pinned") == []
    services.remove_reaction(cast.bob, channel=cast.team.pk, message=reacted.pk, emoji="👍")
    assert found("has:reaction") == []
    with pytest.raises(errors.Invalid, match="is: knows"):
        search(cast.bob, "is:funny")
