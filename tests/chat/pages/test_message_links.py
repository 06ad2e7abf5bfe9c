"""Links to messages: the page around a message, and citations, only for users who may see it."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from chat import services
from chat.models import Channel, Message, User
from tests.conftest import Cast, said
from tests.stage.callers import Caller, browser

pytestmark = pytest.mark.django_db


def at(channel: Channel, seq: int) -> str:
    return f"/c/{channel.pk}/m/{seq}"


def last(channel: Channel) -> Message:
    return Message.objects.filter(channel=channel).latest("seq")


def test_the_page_of_a_message_shows_the_channel_around_it(cast: Cast) -> None:
    for number in range(60):
        said(cast.alice, cast.team, f"number {number}")
    row = Message.objects.get(body="number 10")
    page = browser("bob").get(at(cast.team, row.seq)).content.decode()
    [pointed] = re.findall(r'<li class="row[^>]*data-pointed data-seq="(\d+)"', page)
    assert int(pointed) == row.seq
    assert "number 10</p>" in page
    assert "number 59</p>" not in page


def gone(cast: Cast) -> str:
    return at(cast.team, last(cast.team).seq + 1)


def edited(cast: Cast) -> str:
    row = last(cast.team)
    services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="said better")
    # The number of an edit is no message's place.
    return at(cast.team, row.seq + 1)


def elsewhere(cast: Cast) -> str:
    return at(Channel(pk=4_711), 1)


def not_mine(cast: Cast) -> str:
    other = services.open_channel(cast.alice, name="other", kind="private", members=[])
    said(cast.alice, other, "secret")
    return at(other, last(other).seq)


def public(cast: Cast) -> str:
    other = services.open_channel(cast.alice, name="other")
    said(cast.alice, other, "for members")
    return at(other, last(other).seq)


@pytest.mark.parametrize("place", [gone, edited, elsewhere, not_mine, public])
def test_a_user_who_may_not_see_a_message_gets_the_answer_of_a_missing_one(
    cast: Cast, place: Callable[[Cast], str]
) -> None:
    said(cast.alice, cast.team, "here")
    client: Client = browser("bob")
    address = place(cast)
    answer, none = client.get(address), client.get("/c/987654/")
    assert (answer.status_code, answer.content) == (404, none.content)


def cited(user: User, *places: tuple[Channel, int]) -> list[str]:
    found = Caller(user).get("cited/", at=",".join(f"{channel.pk}.{seq}" for channel, seq in places))
    assert found.status_code == 200, found.content
    return [message["body"] for message in found.json()["results"]]


def test_what_links_cite_is_told_to_those_who_may_see_it(cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="other", kind="private", members=[])
    said(cast.alice, other, "secret")
    said(cast.alice, cast.team, "open")
    places = [(other, last(other).seq), (cast.team, last(cast.team).seq), (cast.team, 4_711), (Channel(pk=4_711), 1)]
    assert cited(cast.alice, *places) == ["open", "secret"]
    assert cited(cast.bob, *places) == ["open"]
    assert cited(cast.charlie, *places) == []
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    assert cited(cast.bob, *places) == []


def test_what_is_cited_is_as_it_is_now(cast: Cast) -> None:
    said(cast.alice, cast.team, "first")
    row = last(cast.team)
    services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="second")
    assert cited(cast.bob, (cast.team, row.seq)) == ["second"]
    services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk)
    [message] = Caller(cast.bob).get("cited/", at=f"{cast.team.pk}.{row.seq}").json()["results"]
    assert (message["body"], message["deleted_at"] is None) == ("", False)


@pytest.mark.parametrize("places", ["", "1", "1.", "1.2,", "a.b", "1.2.3", "0.1", "1.0", "-1.2", "1.2 ", "١.٢"])
def test_what_is_no_list_of_places_is_refused(cast: Cast, places: str) -> None:
    refused = Caller(cast.bob).get("cited/", at=places)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_a_hundred_places_are_asked_for_at_once_and_not_one_more(cast: Cast) -> None:
    places = [f"{cast.team.pk}.{seq}" for seq in range(1, 102)]
    caller = Caller(cast.bob)
    assert caller.get("cited/", at=",".join(places[:100])).status_code == 200
    assert caller.get("cited/", at=",".join(places)).status_code == 400
