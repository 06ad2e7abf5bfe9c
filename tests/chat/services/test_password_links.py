"""One-time links to a new password: who may create them for whom, what they end, and how long they are valid."""

import datetime
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from chat import clock, services
from chat.models import AuditEntry, PasswordLink, Token, User
from chat.services.pruning import prune_logins
from delivery.wire.errors import Forbidden, Invalid, NotFound
from tests.conftest import PASSWORD, Cast, in_thread
from tests.stage.logins import past_the_look_at_newcomers, signed_in, socket_of
from tests.stage.servers import Server, expect

pytestmark = pytest.mark.django_db

ANOTHER = "another " + PASSWORD


def made(cast: Cast, user: User | None = None) -> str:
    return services.make_password_link(cast.sam, user=(user or cast.alice).pk, reason="Lost it on holiday.")


def test_a_link_sets_a_password_and_ends_every_session_and_every_token(cast: Cast) -> None:
    elsewhere = Client()
    elsewhere.cookies["gapless_session_8765"] = signed_in(cast.alice)
    secret = made(cast)
    assert elsewhere.get("/").status_code == 200
    assert Token.objects.filter(user=cast.alice).exists(), "nothing ends before it is used"
    own = Client()
    page = own.get(f"/new-password/{secret}/").content.decode()
    assert "<b>alice</b>" in page
    weak = own.post(f"/new-password/{secret}/", {"password": "12345678"})
    assert weak.status_code == 400
    assert "too common" in weak.content.decode()
    assert own.post(f"/new-password/{secret}/", {"password": ANOTHER})["Location"] == "/"
    assert own.get("/api/v1/users/me/").json()["username"] == "alice"
    assert elsewhere.get("/").status_code == 302
    assert not Token.objects.filter(user=cast.alice).exists()
    assert Client().login(username="alice", password=ANOTHER)


@pytest.mark.django_db(transaction=True)
async def test_using_a_link_closes_the_sockets_of_before(server: Server, cast: Cast) -> None:
    session = await in_thread(signed_in, cast.alice)
    async with socket_of(server, session) as page, server.connect(cast.token(cast.alice)) as program:
        await past_the_look_at_newcomers()
        secret = await in_thread(made, cast)
        await in_thread(services.use_password_link, secret, password=ANOTHER)
        await expect(lambda: page.is_closed and program.is_closed, within=1)


@pytest.mark.holds("password_link_hours")
def test_a_link_holds_for_a_day_and_for_one_use(cast: Cast, standing_clock: datetime.datetime) -> None:
    def answers(secret: str) -> list[int]:
        path = f"/new-password/{secret}/"
        return [Client().get(path).status_code, Client().post(path, {"password": ANOTHER}).status_code]

    secret = made(cast)
    with clock.at(clock.now() + datetime.timedelta(hours=23.9)):
        assert Client().get(f"/new-password/{secret}/").status_code == 200
    with clock.at(clock.now() + datetime.timedelta(hours=24)):
        assert answers(secret) == [410, 410]
        assert answers("never-was") == [410, 410]
    assert answers(secret) == [200, 302]
    assert answers(secret) == [410, 410]
    first, second = made(cast), made(cast)
    assert answers(first) == [410, 410], "was replaced by a new one"
    services.change_password(cast.alice, password=ANOTHER + "!")
    assert answers(second) == [410, 410], "it was for the password of before"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_it_at_once_one_does(cast: Cast) -> None:
    secret = made(cast)
    outcomes: list[str] = []

    def use(password: str) -> None:
        try:
            services.use_password_link(secret, password=password)
            outcomes.append(password)
        except NotFound:
            outcomes.append("gone")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use, args=[f"{ANOTHER} {n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("gone") == 3
    [password] = [outcome for outcome in outcomes if outcome != "gone"]
    assert User.objects.get(pk=cast.alice.pk).check_password(password)


def test_only_a_superuser_makes_one_for_somebody_else_who_may_not_do_more(cast: Cast) -> None:
    services.change_staff_roles(None, user=cast.charlie.pk, roles=["Moderator"], reason="helps")
    for actor, whom in (
        (cast.bob, cast.alice),
        (cast.charlie, cast.alice),
        (cast.charlie, cast.sam),
        (cast.sam, cast.sam),
    ):
        with pytest.raises(Forbidden):
            services.make_password_link(User.objects.get(pk=actor.pk), user=whom.pk, reason="please")
    services.ban_user(None, user=cast.vera.pk, reason="spam")
    with pytest.raises(Forbidden, match="not active"):
        made(cast, cast.vera)
    assert not PasswordLink.objects.exists()
    assert not AuditEntry.objects.filter(act="password.link").exists()


def test_a_link_of_somebody_who_is_banned_meanwhile_lets_nobody_in(cast: Cast) -> None:
    secret = made(cast)
    services.ban_user(None, user=cast.alice.pk, reason="spam")
    assert Client().post(f"/new-password/{secret}/", {"password": ANOTHER}).status_code == 410


def test_a_link_has_a_reason_and_leaves_its_lines_in_the_audit_log(cast: Cast) -> None:
    with pytest.raises(Invalid, match="reason"):
        services.make_password_link(cast.sam, user=cast.alice.pk, reason=" ")
    secret = made(cast)
    assert secret not in str(list(PasswordLink.objects.values()))
    Client().post(f"/new-password/{secret}/", {"password": ANOTHER}, REMOTE_ADDR="192.0.2.7")
    lines = AuditEntry.objects.filter(whom=cast.alice).order_by("pk")
    assert [(line.act, line.actor, line.reason) for line in lines] == [
        ("password.link", cast.sam, "Lost it on holiday."),
        ("password.renewed", cast.alice, ""),
    ]
    assert lines[1].address == "192.0.2.7"
    assert secret not in str(list(lines.values()))


def test_a_superuser_makes_one_on_the_persons_page_in_the_admin(cast: Cast) -> None:
    services.change_staff_roles(None, user=cast.charlie.pk, roles=["Moderator"], reason="helps")
    act = f"/admin/chat/user/{cast.alice.pk}/act/password-link/"
    browsers = {name: Client() for name in ("sam", "charlie")}
    for name, client in browsers.items():
        client.force_login(getattr(cast, name))
    assert browsers["charlie"].post(act, {"confirmed": "yes", "reason": "please"}).status_code == 403
    page = browsers["sam"].get(f"/admin/chat/user/{cast.alice.pk}/change/").content.decode()
    assert act in page
    assert browsers["sam"].post(act, {"confirmed": "yes", "reason": " "}).status_code == 400
    assert not PasswordLink.objects.exists()
    done = browsers["sam"].post(act, {"confirmed": "yes", "reason": "Lost it."}, follow=True).content.decode()
    link = done.split("shown this once: http://localhost:8765")[1].split("<")[0]
    assert link not in browsers["sam"].get("/admin/chat/user/").content.decode()
    assert Client().post(link, {"password": ANOTHER}).status_code == 302
    line = AuditEntry.objects.get(act="password.link")
    assert (line.actor, line.whom, line.reason, line.door) == (cast.sam, cast.alice, "Lost it.", "admin")


def test_the_console_makes_one_too(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("passwordlink", "ALICE", "--reason", "Lost it.")
    path = capsys.readouterr().out.strip().removeprefix("http://localhost:8765")
    assert Client().post(path, {"password": ANOTHER}).status_code == 302
    with pytest.raises(CommandError, match="no account 'nobody'"):
        call_command("passwordlink", "nobody", "--reason", "x")
    with pytest.raises(CommandError, match="reason"):
        call_command("passwordlink", "alice")


def test_expired_links_are_pruned(cast: Cast) -> None:
    made(cast)
    prune_logins(now=clock.now() + datetime.timedelta(hours=25))
    assert not PasswordLink.objects.exists()
