"""Invitations: whom a link admits, to which channels, how often, and who may create one."""

import datetime
import threading
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from chat import clock, services
from chat.models import Invite, Message, User
from chat.setup import setup_url
from delivery.wire.errors import Conflict, Refused
from tests.conftest import PASSWORD, Cast
from tests.stage.newcomers import api, form, invited, signed_in
from tests.stage.servers import Server

pytestmark = pytest.mark.django_db


def test_the_link_says_who_invites_to_what_and_lets_a_newcomer_in(cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="launch-plan", kind="private")
    path = invited(cast.alice, cast.team, other)
    browser = Client()
    page = browser.get(path).content.decode()
    assert "Alice</b> invites you" in page
    assert "launch-plan" in page
    assert "team" in page
    done = browser.post(path, form("dora", display_name="Dora"))
    assert (done.status_code, done["Location"]) == (302, f"/c/{cast.team.pk}/")
    dora = User.objects.get(username="dora")
    assert set(dora.memberships.values_list("channel", flat=True)) == {cast.team.pk, other.pk}
    assert browser.get(f"/c/{other.pk}/").status_code == 200
    assert Message.objects.filter(channel=other).latest("seq").body == "Dora joined, invited by Alice"
    assert Invite.objects.get().used == 1


def test_who_is_signed_in_is_offered_to_join_the_channels(cast: Cast) -> None:
    path = invited(cast.alice, cast.team)
    browser = signed_in(cast.charlie)
    page = browser.get(path).content.decode()
    assert "Join this channel" in page
    assert 'name="password"' not in page
    assert not cast.charlie.memberships.exists(), "looking is not joining"
    assert browser.post(path)["Location"] == f"/c/{cast.team.pk}/"
    assert cast.charlie.memberships.get().channel == cast.team
    assert signed_in(cast.bob).post(path).status_code == 302
    assert Invite.objects.get().used == 1, "who is there already uses nothing up"


def test_invitations_over_http(cast: Cast) -> None:
    alice, bob = api(cast.alice), api(cast.bob)
    given = {"channels": [cast.team.pk], "uses": 2, "expires_in": 3600}
    made = alice.post("/api/v1/invites/", given, content_type="application/json")
    assert made.status_code == 201
    invite = made.json()
    url = invite.pop("url")
    assert url.startswith("http://localhost:8765/invite/")
    secret = url.split("/")[-2]
    assert secret not in str(list(Invite.objects.values()))
    assert (invite["channels"], invite["uses"], invite["used"]) == ([cast.team.pk], 2, 0)
    assert alice.get("/api/v1/invites/").json()["results"] == [invite]
    assert bob.get("/api/v1/invites/").json()["results"] == []
    assert bob.delete(f"/api/v1/invites/{invite['id']}/").status_code == 404
    assert alice.delete(f"/api/v1/invites/{invite['id']}/").status_code == 204
    assert alice.delete(f"/api/v1/invites/{invite['id']}/").status_code == 404
    assert Client().get(f"/invite/{secret}/").status_code == 410


@pytest.mark.holds("invite_channels", "invite_uses", "invite_most_seconds")
@pytest.mark.parametrize(
    "given",
    [
        *({}, {"channels": []}, {"channels": ["1"]}, {"channels": [1], "uses": 0}, {"channels": [1], "uses": 101}),
        *({"channels": [1], "expires_in": 0}, {"channels": [1], "expires_in": 366 * 24 * 3600 + 1}),
        *({"channels": list(range(21))}, {"channels": [1], "role": "owner"}),
    ],
)
def test_an_invitation_that_can_not_be_is_refused(cast: Cast, given: dict[str, Any]) -> None:
    refused = api(cast.alice).post("/api/v1/invites/", given, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_who_may_not_add_in_all_of_the_channels_invites_to_none(cast: Cast) -> None:
    public = services.open_channel(cast.bob, name="public")
    direct, _ = services.open_direct_channel(cast.bob, others=[cast.alice])
    for channels, status in (
        *(([public.pk], 201), ([public.pk, cast.team.pk], 403)),
        *(([public.pk, 10**9], 404), ([direct.pk], 403)),
    ):
        given = {"channels": channels}
        answer = api(cast.bob).post("/api/v1/invites/", given, content_type="application/json")
        assert answer.status_code == status, channels
    services.archive_channel(cast.bob, channel=public.pk)
    answer = api(cast.bob).post("/api/v1/invites/", {"channels": [public.pk]}, content_type="application/json")
    assert answer.status_code in (400, 409)


def test_a_link_that_lets_nobody_in_says_so_and_no_more(cast: Cast, standing_clock: datetime.datetime) -> None:
    ended = invited(cast.alice, cast.team, seconds=60)
    used_up = invited(cast.alice, cast.team, uses=1)
    assert Client().post(used_up, form("dora")).status_code == 302
    revoked = invited(cast.alice, cast.team)
    services.revoke_invite(cast.alice, invite=Invite.objects.latest("pk").pk)
    with clock.at(clock.now() + datetime.timedelta(seconds=61)):
        pages = [Client().get(path) for path in (ended, used_up, revoked, "/invite/never-was/")]
        assert [page.status_code for page in pages] == [410] * 4
        assert len({page.content for page in pages}) == 1
        assert "not valid any more" in pages[0].content.decode()
        assert Client().post(ended, form("emil")).status_code == 410
    assert not User.objects.filter(username="emil").exists()


@pytest.mark.parametrize("how", ["leaves", "is demoted", "is banned"])
def test_an_invitation_of_somebody_who_may_not_add_any_more_lets_nobody_in_there(cast: Cast, how: str) -> None:
    services.change_role(cast.alice, channel=cast.team.pk, user=cast.bob, role="moderator")
    own = services.open_channel(cast.bob, name="own", kind="private")
    path, both = invited(cast.bob, cast.team), invited(cast.bob, cast.team, own)
    if how == "leaves":
        services.leave_channel(cast.bob, channel=cast.team.pk)
    elif how == "is demoted":
        services.change_role(cast.alice, channel=cast.team.pk, user=cast.bob, role="member")
    else:
        services.ban_user(None, user=cast.bob.pk, reason="spam")
    assert Client().post(path, form("dora")).status_code == 410
    assert not User.objects.filter(username="dora").exists()
    answer = Client().post(both, form("emil"))
    if how == "is banned":
        assert answer.status_code == 410
    else:
        emil = User.objects.get(username="emil")
        assert list(emil.memberships.values_list("channel", flat=True)) == [own.pk]


def test_who_was_removed_does_not_come_back_by_a_link(cast: Cast) -> None:
    path = invited(cast.alice, cast.team)
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob, reason="rude")
    answer = signed_in(cast.bob).post(path)
    assert answer.status_code == 400
    assert not cast.bob.memberships.filter(channel=cast.team).exists()
    assert Invite.objects.get().used == 0


def test_a_full_channel_makes_no_account(cast: Cast, settings: Any) -> None:
    settings.LIMITS = type(settings.LIMITS)(members=2)
    answer = Client().post(invited(cast.alice, cast.team), form("dora"))
    assert answer.status_code == 400
    assert "as many members as a channel can have" in answer.content.decode()
    assert not User.objects.filter(username="dora").exists()


@pytest.mark.django_db(transaction=True)
def test_uses_are_exact_when_many_come_at_once(cast: Cast) -> None:
    invite, secret = services.create_invite(cast.alice, channels=[cast.team.pk], uses=3)
    outcomes: list[str] = []

    def come(number: int) -> None:
        try:
            services.sign_up_by_invite(secret, username=f"new{number}", password=PASSWORD, display_name="")
            outcomes.append("in")
        except Refused as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in"] * 3 + ["not_found"] * 5
    invite.refresh_from_db()
    assert invite.used == 3
    assert User.objects.filter(username__startswith="new").count() == 3
    assert cast.team.members.count() == 5


@pytest.mark.holds("invites", "invite_seconds")
def test_a_user_has_fifty_invitations_that_stand_and_not_one_more(
    cast: Cast, standing_clock: datetime.datetime
) -> None:
    for _ in range(50):
        services.create_invite(cast.alice, channels=[cast.team.pk])
    with pytest.raises(Conflict, match="50 valid invitations"):
        services.create_invite(cast.alice, channels=[cast.team.pk])
    with clock.at(clock.now() + datetime.timedelta(days=8)):
        services.create_invite(cast.alice, channels=[cast.team.pk])


def test_the_console_invites_too(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    services.open_channel(cast.alice, name="General")
    call_command("invite", "--channel", "TEAM", "--uses", "1", "--days", "2")
    path = capsys.readouterr().out.strip().removeprefix("http://localhost:8765")
    invite = Invite.objects.get()
    assert (invite.uses, invite.created_by) == (1, None)
    assert datetime.timedelta(days=1.9) < invite.expires_at - clock.now() < datetime.timedelta(days=2.1)
    assert "You are invited to this channel" in Client().get(path).content.decode()
    assert Client().post(path, form("dora")).status_code == 302
    assert cast.team.members.filter(user__username="dora").exists()
    with pytest.raises(CommandError, match="no channel 'nowhere'"):
        call_command("invite", "--channel", "nowhere")


@pytest.mark.django_db(transaction=True)
def test_the_owners_first_page_has_a_link_for_the_others(server: Server) -> None:
    from_console = f"{server.url}{setup_url()}"
    told_at_the_start = server.log.read_text()
    with httpx.Client(follow_redirects=True) as browser:
        page = browser.get(from_console).text
        token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        given = {**form("Boss"), "csrfmiddlewaretoken": token}
        done = browser.post(from_console, data=given, headers={"Origin": server.url})
        link = done.text.split('value="http')[1].split('"')[0]
    with httpx.Client() as newcomer:
        page = newcomer.get(f"http{link}").text
        assert "Boss</b> invites you" in page
        assert "General" in page
    log = server.log.read_text().removeprefix(told_at_the_start)
    assert link.split("/")[-2] not in log
    assert from_console.split("/")[-2] not in log
