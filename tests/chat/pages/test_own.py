"""A person's own pages: invitations and tokens with their ends; and creating a group."""

import datetime
import re

import pytest
from django.test import Client

from chat import clock, prepared_sql, services
from chat.models import Channel, Invite, Token, User
from chat.reads.opening import by_token
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ids_in(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'name="id" value="(\d+)"', page)]


def test_one_sees_ones_invitations_that_stand_and_takes_them_back(
    cast: Cast, standing_clock: datetime.datetime
) -> None:
    invite, secret = services.create_invite(cast.alice, channels=[cast.team.pk], uses=3)
    with clock.at(clock.now() - datetime.timedelta(days=30)):
        services.create_invite(cast.alice, channels=[cast.team.pk])
    alice, bob = browser(cast.alice), browser(cast.bob)
    page = alice.get("/invitations/").content.decode()
    assert ids_in(page) == [invite.pk], "and none that has ended"
    assert "used 0 of 3 times" in page
    assert secret not in page
    assert ids_in(bob.get("/invitations/").content.decode()) == []
    refused = bob.post("/invitations/", {"id": invite.pk}, follow=True).content.decode()
    assert "You have no such invitation." in refused
    done = alice.post("/invitations/", {"id": invite.pk}, follow=True).content.decode()
    assert "no longer works" in done
    assert not Invite.objects.filter(pk=invite.pk).exists()
    assert Client().get(f"/invite/{secret}/").status_code == 410


def test_one_sees_ones_tokens_and_ends_them_with_all_that_they_have_made(cast: Cast) -> None:
    parent, secret = services.new_token(cast.alice, name="build bot", scopes=["read", "tokens"])
    _, childs = services.new_token(cast.alice, name="its child", scopes=["read"], parent=parent)
    alice, bob = browser(cast.alice), browser(cast.bob)
    page = alice.get("/tokens/").content.decode()
    assert len(ids_in(page)) == 3
    for shown in ("build bot", "its child", "may read, tokens", "never used"):
        assert shown in page
    assert secret not in page
    assert parent.pk not in ids_in(bob.get("/tokens/").content.decode())
    assert "You have no such token." in bob.post("/tokens/", {"id": parent.pk}, follow=True).content.decode()
    assert "are revoked" in alice.post("/tokens/", {"id": parent.pk}, follow=True).content.decode()
    assert [prepared_sql.run_reading(by_token(each)) for each in (secret, childs)] == [None, None]
    assert Token.objects.filter(user=cast.alice).count() == 1


@pytest.mark.parametrize("given", ["", "x", "-1", "1.0", "\u0661", "9" * 400])
@pytest.mark.parametrize("page", ["/invitations/", "/tokens/"])
def test_what_is_no_id_ends_nothing(cast: Cast, page: str, given: str) -> None:
    answer = browser(cast.alice).post(page, {"id": given}, follow=True)
    assert answer.status_code == 200
    assert "form-errors" in answer.content.decode()


def test_several_people_are_written_to_by_their_names(cast: Cast) -> None:
    alice = browser(cast.alice)
    for given, says in (
        ("nobody @bob", "There is nobody called @nobody."),
        ("alice", "A direct conversation needs somebody else."),
        (" , ", "needs somebody else"),
    ):
        answer = alice.post("/new-group/", {"people": given})
        assert answer.status_code == 400
        assert says in answer.content.decode()
    opened = alice.post("/new-group/", {"people": "@Bob, charlie bob"})
    channel = Channel.objects.get(kind="direct")
    assert opened["Location"] == f"/c/{channel.pk}/"
    assert set(channel.members.values_list("user__username", flat=True)) == {"alice", "bob", "charlie"}
    assert browser(cast.bob).post("/new-group/", {"people": "alice charlie"})["Location"] == f"/c/{channel.pk}/"
    services.block_user(cast.charlie, whom=cast.vera)
    blocked = browser(cast.vera).post("/new-group/", {"people": "bob charlie"})
    assert blocked.status_code == 400
    assert Channel.objects.filter(kind="direct").count() == 1
