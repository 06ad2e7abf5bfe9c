"""Mutes and removals live on the person in the channel: neither leaving nor any door in ends them."""

import datetime
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader

from chat import clock, services
from chat.models import AuditEntry, Channel, Member, Role, Sanction, User
from delivery.client.connection import CommandRefused
from delivery.wire import errors
from delivery.wire.errors import Forbidden, Muted, NotAMember, NotFound, Refused, Removed
from tests.conftest import Cast, in_thread, locked, said, say
from tests.stage.locks import until_waiting
from tests.stage.moderation import staff
from tests.stage.servers import Server

pytestmark = pytest.mark.django_db


@pytest.fixture
def square(cast: Cast) -> Channel:
    """A public channel: alice owns it, bob and charlie are in it."""
    return services.open_channel(cast.alice, name="square", members=[cast.bob, cast.charlie])


def later(minutes: int = 60) -> datetime.datetime:
    return clock.now() + datetime.timedelta(minutes=minutes)


def mute(cast: Cast, channel: Channel, **more: Any) -> None:
    services.mute_member(cast.alice, channel=channel.pk, user=cast.bob, until=later(), reason="rude", **more)


def remove(cast: Cast, channel: Channel, **more: Any) -> None:
    services.remove_member(cast.alice, channel=channel.pk, user=cast.bob, reason="rude", **more)


def acts(user: User) -> list[str]:
    return list(AuditEntry.objects.filter(whom=user).order_by("pk").values_list("act", flat=True))


# ---- mutes ----


def test_who_is_muted_is_muted_still_after_leaving_and_joining(
    cast: Cast, square: Channel, standing_clock: datetime.datetime
) -> None:
    mute(cast, square)
    services.leave_channel(cast.bob, channel=square.pk)
    services.join_channel(cast.bob, channel=square.pk)
    assert isinstance(say(cast.bob, square), Muted)
    with clock.at(later(61)):
        said(cast.bob, square)


def test_who_is_muted_is_muted_still_after_being_removed_and_added(cast: Cast) -> None:
    mute(cast, cast.team)
    remove(cast, cast.team)
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.bob)
    assert isinstance(say(cast.bob, cast.team), Muted)


def test_who_leaves_just_before_is_muted_all_the_same(cast: Cast, square: Channel) -> None:
    services.leave_channel(cast.bob, channel=square.pk)
    mute(cast, square)
    services.join_channel(cast.bob, channel=square.pk)
    assert isinstance(say(cast.bob, square), Muted)


def test_another_role_ends_no_mute(cast: Cast) -> None:
    mute(cast, cast.team)
    for role in (Role.MODERATOR, Role.OWNER, Role.MEMBER):
        services.change_role(cast.alice, channel=cast.team.pk, user=cast.bob, role=role)
        assert isinstance(say(cast.bob, cast.team), Muted)
        with pytest.raises(Forbidden):
            services.mute_member(cast.bob, channel=cast.team.pk, user=cast.bob, until=None)


def test_neither_a_ban_of_the_account_nor_its_lifting_ends_a_mute(cast: Cast) -> None:
    mute(cast, cast.team)
    services.ban_user(cast.sam, user=cast.bob.pk, reason="rude")
    services.lift_ban(cast.sam, user=cast.bob.pk, reason="sorry")
    assert isinstance(say(cast.bob, cast.team), Muted)


def test_the_mute_of_somebody_who_has_left_is_seen_and_lifted(cast: Cast, square: Channel) -> None:
    mute(cast, square)
    services.leave_channel(cast.bob, channel=square.pk)
    services.mute_member(cast.alice, channel=square.pk, user=cast.bob, until=None, reason="forgiven")
    services.join_channel(cast.bob, channel=square.pk)
    said(cast.bob, square)
    assert acts(cast.bob) == ["member.muted", "member.unmuted"]


# ---- removals ----


def test_who_was_removed_cant_join_by_themselves_until_added_by_who_may_remove(cast: Cast, square: Channel) -> None:
    remove(cast, square)
    for _ in range(2):
        with pytest.raises(Removed):
            services.join_channel(cast.bob, channel=square.pk)
    services.add_member(cast.alice, channel=square.pk, user=cast.bob)
    said(cast.bob, square)
    services.leave_channel(cast.bob, channel=square.pk)
    services.join_channel(cast.bob, channel=square.pk)
    assert acts(cast.bob) == ["member.removed", "member.readmitted"]


def test_a_plain_member_cant_add_back_who_was_removed(cast: Cast, square: Channel) -> None:
    remove(cast, square)
    with pytest.raises(Removed):
        services.add_member(cast.charlie, channel=square.pk, user=cast.bob)
    services.change_role(cast.alice, channel=square.pk, user=cast.charlie, role=Role.MODERATOR)
    services.add_member(cast.charlie, channel=square.pk, user=cast.bob)


def test_a_removal_for_a_time_ends_by_itself_and_says_when(
    cast: Cast, square: Channel, standing_clock: datetime.datetime
) -> None:
    until = later()
    remove(cast, square, until=until)
    with pytest.raises(Removed) as refused:
        services.join_channel(cast.bob, channel=square.pk)
    assert f"{until:%Y-%m-%d %H:%M} UTC" in refused.value.detail
    with clock.at(until):
        services.join_channel(cast.bob, channel=square.pk)
        said(cast.bob, square)


def test_who_leaves_just_before_is_kept_out_all_the_same(cast: Cast, square: Channel) -> None:
    services.leave_channel(cast.bob, channel=square.pk)
    head = Channel.objects.get(pk=square.pk).head
    for _ in range(2):
        remove(cast, square)
    with pytest.raises(Removed):
        services.join_channel(cast.bob, channel=square.pk)
    assert acts(cast.bob) == ["member.removed"]
    assert Channel.objects.get(pk=square.pk).head == head, "nobody went, so nothing happened in the channel"


def test_leaving_is_no_sanction(cast: Cast, square: Channel) -> None:
    services.leave_channel(cast.bob, channel=square.pk)
    services.join_channel(cast.bob, channel=square.pk)
    assert not Sanction.objects.exists()


def test_a_removal_is_lifted_by_who_may_give_it(cast: Cast, square: Channel) -> None:
    remove(cast, square)
    refusals: list[tuple[User, type[Refused]]] = [(cast.charlie, Forbidden), (cast.bob, NotAMember)]
    for who, refusal in refusals:
        with pytest.raises(refusal):
            services.readmit_member(who, channel=square.pk, user=cast.bob, reason="please")
    services.readmit_member(staff("mo", "Moderator"), channel=square.pk, user=cast.bob, reason="forgiven")
    with pytest.raises(NotFound):
        services.readmit_member(cast.alice, channel=square.pk, user=cast.bob, reason="again")
    services.join_channel(cast.bob, channel=square.pk)
    assert acts(cast.bob) == ["member.removed", "member.readmitted"]


def test_a_removed_one_of_the_staff_does_not_lift_it_themselves(cast: Cast, square: Channel) -> None:
    mo = staff("mo", "Moderator")
    services.join_channel(mo, channel=square.pk)
    services.remove_member(cast.alice, channel=square.pk, user=mo)
    with pytest.raises(Removed):
        services.join_channel(mo, channel=square.pk)
    with pytest.raises(Forbidden):
        services.readmit_member(mo, channel=square.pk, user=mo, reason="me")


def test_an_archived_channel_keeps_and_loses_removals_like_any_other(cast: Cast, square: Channel) -> None:
    services.archive_channel(cast.alice, channel=square.pk)
    remove(cast, square)
    assert Sanction.objects.standing().count() == 1
    services.readmit_member(cast.alice, channel=square.pk, user=cast.bob, reason="forgiven")
    assert not Sanction.objects.exists()


def test_who_was_never_there_is_neither_muted_nor_removed(cast: Cast, square: Channel) -> None:
    for act in (services.mute_member, services.remove_member):
        with pytest.raises(NotAMember):
            act(cast.alice, channel=square.pk, user=cast.vera, until=later())


# ---- at the same moment ----


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["removed", "joined"])
def test_removed_while_joining_one_is_out(cast: Cast, square: Channel, first: str) -> None:
    services.leave_channel(cast.bob, channel=square.pk)
    does: dict[str, Callable[[], object]] = {
        "removed": lambda: remove(cast, square),
        "joined": lambda: services.join_channel(cast.bob, channel=square.pk),
    }
    refused: list[Refused] = []

    def do(what: str) -> None:
        try:
            does[what]()
        except Refused as refusal:
            refused.append(refusal)
        finally:
            connections.close_all()

    order = ["removed", "joined"] if first == "removed" else ["joined", "removed"]
    with locked(square) as release:
        threads = [threading.Thread(target=do, args=[what]) for what in order]
        for number, thread in enumerate(threads):
            thread.start()
            until_waiting(number + 1)
        release.set()
    for thread in threads:
        thread.join()
    assert not Member.objects.filter(channel=square, user=cast.bob).exists()
    assert [type(refusal) for refusal in refused] == ([Removed] if first == "removed" else [])


# ---- at the doors ----


@pytest.mark.django_db(transaction=True)
async def test_two_processes_refuse_the_muted_and_the_removed_alike(processes: list[Server], cast: Cast) -> None:
    square = await in_thread(services.open_channel, cast.alice, name="square", members=[cast.bob])
    path = f"/channels/{square.pk}"
    with processes[0].http(cast.token(cast.alice)) as alice, processes[1].http(cast.token(cast.bob)) as bob:
        given = {"channel": square.pk, "users": [cast.bob.pk], "reason": "rude"}
        await in_thread(alice.post, "/moderation/members/mute/", json={**given, "minutes": 60})
        async with processes[1].connect(cast.token(cast.bob)) as socket:
            assert (await in_thread(bob.post, f"{path}/leave/")).status_code == 204
            joined = await in_thread(bob.post, f"{path}/join/")
            assert joined.json()["muted_until"] is not None
            with pytest.raises(CommandRefused) as refused:
                await socket.post(square.pk, "hello")
            assert refused.value.code == "muted"
            removed = await in_thread(
                alice.request, "DELETE", f"{path}/members/{cast.bob.pk}/", json={"reason": "rude", "minutes": 5}
            )
            assert removed.status_code == 204
        for _ in range(2):
            problem = await in_thread(bob.post, f"{path}/join/")
            assert (problem.status_code, problem.json()["code"]) == (403, "removed")
        [line] = (await in_thread(alice.get, "/moderation/members/removed/")).json()["results"]
        assert (line["user"]["username"], line["reason"], line["by"]["username"]) == ("bob", "rude", "alice")
        assert line["may_return_at"] > line["removed_at"]
        [muted] = (await in_thread(alice.get, "/moderation/members/muted/")).json()["results"]
        assert (muted["user"]["username"], muted["role"]) == ("bob", None)
        assert (await in_thread(alice.post, "/moderation/members/readmit/", json=given)).json()["done"] == [cast.bob.pk]
        assert (await in_thread(bob.post, f"{path}/join/")).status_code == 200


# ---- what was muted before ----


def test_mutes_that_are_running_survive_the_migration_both_ways(cast: Cast) -> None:
    until = later()
    services.mute_member(cast.alice, channel=cast.team.pk, user=cast.bob, until=until, reason="rude")
    loader = MigrationLoader(connection)
    [moving] = [key for key in loader.graph.nodes if key[0] == "chat" and key[1].endswith("_sanctions")]
    migration, before = loader.graph.nodes[moving], loader.project_state(moving, at_end=False)
    # This one alone, on the tables of today; the test's transaction takes all of it back.
    with connection.cursor() as cursor, connection.schema_editor(atomic=False) as editor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        migration.unapply(before, editor)
        cursor.execute("SELECT muted_until FROM channel_members WHERE user_id = %s", [cast.bob.pk])
        assert cursor.fetchone() == (until,)
    with connection.schema_editor(atomic=False) as editor:
        migration.apply(before, editor)
    row = Sanction.objects.get()
    assert (row.user, row.until, row.by, row.reason) == (cast.bob, until, cast.alice, "rude")


def test_a_mute_ends_by_itself_or_by_hand(cast: Cast, standing_clock: datetime.datetime) -> None:
    until = clock.now() + datetime.timedelta(hours=1)
    for _ in range(2):
        services.mute_member(cast.alice, channel=cast.team.pk, user=cast.bob, until=until)
    assert isinstance(say(cast.bob, cast.team), errors.Muted)
    with clock.at(until):
        said(cast.bob, cast.team)
    services.mute_member(cast.alice, channel=cast.team.pk, user=cast.bob, until=None)
    said(cast.bob, cast.team)
    with pytest.raises(errors.NotAMember):
        services.mute_member(cast.alice, channel=cast.team.pk, user=cast.charlie, until=until)
