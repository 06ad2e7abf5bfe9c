"""Erasing a person: every reference to them is decided, what goes is gone, others see it by number, and a kill loses nothing."""

import datetime
import json
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from chat import clock, services
from chat.middleware.sessions import SessionStore
from chat.models import AuditEntry, Ban, Channel, Conversation, Erasure, Member, Message, MessageVersion, User
from chat.services.erasing.running import continue_erasure
from chat.services.visitors import create_visitor
from chat.support.models import Inbox, Interval, Mail, Rating, Tally
from chat.support.models.facts import IntervalKind
from chat.support.services.erasing import forget_agent
from chatproject.erasing import finish_all
from chatproject.personal_data import ON_ERASURE
from delivery.wire.errors import Conflict, Forbidden, Invalid
from tests.conftest import Cast, in_thread, said
from tests.stage.commands import run
from tests.stage.files import file_of
from tests.stage.servers import Server, expect
from tests.stage.sockets import push
from tests.stage.support import held_by


def relations() -> list[tuple[str, type[Model], str]]:
    """Each column that refers to a user: how the table of fates calls it, its model and its name."""
    found = [field for field in User._meta.get_fields(include_hidden=True) if field.auto_created and not field.concrete]
    return sorted(
        (f"{field.related_model._meta.label}.{field.field.name}", field.related_model, field.field.name)  # type: ignore[union-attr]
        for field in found
    )


def test_each_reference_to_a_person_is_decided() -> None:
    assert [name for name, _, _ in relations()] == sorted(ON_ERASURE)


def referring(user: User, fate: str) -> dict[str, int]:
    """Rows that refer to the person, of each reference with this fate."""
    return {
        name: model._base_manager.filter(**{column: user}).count()
        for name, model, column in relations()
        if ON_ERASURE[name][0] == fate
    }


@pytest.fixture
def bob(cast: Cast) -> User:
    """With all that a person can have left somewhere."""
    bob, team, alice = cast.bob, cast.team, cast.alice
    root = json.loads(said(alice, team, "Lunch, @bob? I asked bob.").raw)["id"]
    said(bob, team, "Yes, at noon", thread=root)
    own = json.loads(said(bob, team, "My number is 5550123").raw)["id"]
    services.edit_message(bob, channel=team.pk, message=own, body="My number is 5550199")
    rude = json.loads(said(bob, team, "rude words").raw)["id"]
    services.report_message(alice, channel=team.pk, message=rude, reason="bob is rude")
    report, _ = services.report_message(bob, channel=team.pk, message=root, reason="too early")
    services.add_reaction(bob, channel=team.pk, message=root, emoji="👍")
    services.add_reaction(alice, channel=team.pk, message=root, emoji="👍")
    services.save_message(bob, message=root)
    services.block_user(bob, whom=cast.charlie)
    services.block_user(cast.charlie, whom=bob)
    services.rename_user(bob, display_name="Bob the Builder")
    pair, _ = services.open_direct_channel(alice, others=[bob])
    said(alice, pair, "between us")
    group, _ = services.open_direct_channel(alice, others=[bob, cast.vera])
    services.revise_channel(alice, channel=group.pk, name="Bob the Builder and Vera")
    owned = services.open_channel(bob, name="bobs", members=[cast.vera])
    services.create_invite(bob, channels=[owned.pk])
    services.mute_member(
        alice, channel=team.pk, user=bob, until=clock.now() + datetime.timedelta(minutes=5), reason="quiet, bob"
    )
    file_of(bob, "cv-of-bob.pdf")
    file_of(bob, "half.pdf", is_whole=False)
    services.make_password_link(None, user=bob.pk, reason="lost")
    services.note_sign_in(bob, line="192.0.2.1")
    held_by(bob, visitor=create_visitor(display_name="Customer")[0])
    _more_of(User.objects.get(pk=bob.pk), report.pk)
    return User.objects.get(pk=bob.pk)


def _more_of(bob: User, report: int) -> None:
    """What only long ways lead to, as rows."""
    talk = Conversation.objects.get(assignee=bob)
    bob.groups.add(Group.objects.get_or_create(name="Team")[0])
    bob.user_permissions.add(Permission.objects.all()[0])
    User.objects.filter(pk=bob.pk).update(email="bob@home.example", is_staff=True, last_login=clock.now())
    store = SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(bob.pk), bob.get_session_auth_hash()
    store.create()
    LogEntry.objects.create(
        user=bob, content_type=ContentType.objects.get_for_model(User), object_id=bob.pk, object_repr="bob",
        action_flag=CHANGE,
    )  # fmt: skip
    given = {"conversation": talk, "agent": bob}
    Rating.objects.create(episode=1, score=5, **given)
    times = {"began_at": clock.now(), "ended_at": clock.now(), "seconds": 0, "business_seconds": 0}
    Interval.objects.create(kind=IntervalKind.FIRST, episode=1, **times, **given)
    Mail.objects.create(kind="assigned", number=1, address="bob@home.example", **given)
    Tally.objects.update_or_create(conversation=talk, defaults={"began_at": clock.now(), "holder": bob})
    Conversation.objects.filter(pk=talk.pk).update(former_assignee=bob, answered_by=bob)
    Ban.objects.create(
        user=bob, banned_by=bob, lifted_by=bob, lifted_at=clock.now(), reason="bob again", created_at=clock.now()
    )
    Member.objects.filter(channel=Inbox.objects.get().desk, user=bob).update(public_name="Uncle Bob")
    Message.objects.filter(channel=talk.pk, sender=bob).update(said_as="Uncle Bob")


def test_of_all_that_is_to_go_nothing_is_left_and_what_stays_says_no_name(bob: User, cast: Cast) -> None:
    there = referring(bob, "gone")
    assert [name for name, count in there.items() if not count] == [], "the scene has all of it"
    done = run("erase_user", "BOB", "--yes")
    assert (done["user"], done["username"], done["messages"]) == (bob.pk, f"deleted-user-{bob.pk}", "kept")
    assert {name: count for name, count in referring(bob, "gone").items() if count} == {}
    user = User.objects.get(pk=bob.pk)
    assert (user.display_name, user.email, user.last_login, user.is_active) == ("Deleted user", "", None, False)
    assert not user.is_staff
    assert everything_that_says("5550199"), "what was said stays"
    assert not everything_that_says("5550123"), "but not what it said before"
    assert not everything_that_says("bob@home.example", "Uncle Bob", "Builder", "192.0.2.1")
    rest = everything_that_says("bob")
    # Others' words, a channel that is others' too, and what was reported, as it was.
    assert rest == [
        *("channels: bobs", f"messages: Lunch, @deleted-user-{bob.pk}? I asked bob."),
        *("reports: Lunch, @bob? I asked bob.", "reports: bob is rude"),
    ]


def everything_that_says(*words: str) -> list[str]:
    """Every text in the database that has one of these words."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND"
            " data_type IN ('text', 'character varying', 'jsonb', 'inet') AND is_generated = 'NEVER' ORDER BY 1, 2"
        )
        for table, column in cursor.fetchall():
            if column.startswith("name_look"):
                continue
            for word in words:
                cursor.execute(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}"::text ~* %s', [rf"\m{word}"])
                found += [f"{table}: {text}" for (text,) in cursor.fetchall()]
    return sorted(found)


def test_by_choice_what_they_said_is_emptied_but_for_evidence(bob: User) -> None:
    said_by_them = Message.objects.filter(sender=bob, kind="text")
    heads = dict(Channel.objects.values_list("pk", "head"))
    done = run("erase_user", "bob", "--yes", "--messages", "delete")
    assert (done["messages"], done["counts"]["messages"]) == ("deleted", 3)
    assert set(said_by_them.values_list("body", flat=True)) == {""}
    assert [version.body for version in MessageVersion.objects.all()] == ["rude words"]
    for channel in Channel.objects.filter(pk__in=heads):
        revs = list(Message.objects.filter(channel=channel, rev__gt=heads[channel.pk]).values_list("rev", flat=True))
        assert max(revs, default=heads[channel.pk]) == channel.head, "the log ends where its channel says"


def test_a_killed_erasure_goes_on_where_it_was_and_does_nothing_twice(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: Any) -> None:
        raise KeyboardInterrupt

    # In one transaction: the web processes that tests share would go on with it.
    with transaction.atomic():
        services.begin_erasure(None, user=bob.pk, keeps_messages=False, reason="He left.")
        forget_agent(bob)
        while True:
            # Each batch is killed once with all of its work done, at its end.
            with monkeypatch.context() as killed:
                killed.setattr(Erasure, "save", kill)
                with pytest.raises(KeyboardInterrupt):
                    continue_erasure(bob.pk)
            if not continue_erasure(bob.pk):
                break
    counts = Erasure.objects.get().counts
    assert (counts["channels"], counts["messages"], counts["reactions"], counts["mentions"]) == (3, 3, 1, 1)
    lefts = Message.objects.filter(event__type="member.left", event__user=bob.pk)
    assert lefts.count() == lefts.values("channel").distinct().count()
    assert (finish_all(), Erasure.objects.get().names) == (0, [])


def test_the_command_goes_on_with_what_was_begun_and_says_when_nothing_is_left(cast: Cast) -> None:
    services.begin_erasure(None, user=cast.bob.pk, keeps_messages=True, reason="x")
    assert run("erase_user", "bob", "--yes")["user"] == cast.bob.pk
    with pytest.raises(CommandError, match="was erased before"):
        call_command("erase_user", "bob", "--yes")
    with pytest.raises(CommandError, match="nobody is called"):
        call_command("erase_user", "dora", "--yes")
    with pytest.raises(CommandError, match="--yes"):
        call_command("erase_user", "alice")
    services.begin_erasure(None, user=cast.vera.pk, keeps_messages=True, reason="x")
    assert run("prune")["erased"] == 1


@pytest.mark.parametrize("name", ["bob", "BOB", "b0b", "deleted-user-7", "DeIeted-user-x"])
def test_nobody_takes_the_name_of_an_erased_person(cast: Cast, name: str) -> None:
    call_command("erase_user", "bob", "--yes", "--json")
    with pytest.raises(Invalid):
        services.create_user(name)


def test_a_last_owner_leaves_the_channel_to_somebody(cast: Cast) -> None:
    call_command("erase_user", "alice", "--yes", "--json")
    assert dict(Member.objects.filter(channel=cast.team).values_list("user__username", "role")) == {"bob": "owner"}
    assert Channel.objects.get(pk=cast.team.pk).member_count == 1


def test_an_erased_account_stays_off_and_is_erased_only_by_who_may(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        services.begin_erasure(cast.alice, user=cast.bob.pk, keeps_messages=True, reason="x")
    with pytest.raises(Forbidden):
        services.begin_erasure(cast.sam, user=cast.sam.pk, keeps_messages=True, reason="x")
    with pytest.raises(Invalid):
        services.begin_erasure(cast.sam, user=cast.bob.pk, keeps_messages=True, reason=" ")
    services.begin_erasure(cast.sam, user=cast.bob.pk, keeps_messages=True, reason="He asked.")
    entry = AuditEntry.objects.get(act="user.erased")
    assert (entry.actor, entry.whom_id, entry.reason) == (cast.sam, cast.bob.pk, "He asked.")
    with pytest.raises(Conflict):
        services.reactivate_user(None, user=cast.bob.pk, reason="x")
    visitor, _ = create_visitor(display_name="Customer")
    with pytest.raises(Forbidden, match="at the desk"):
        services.begin_erasure(None, user=visitor.pk, keeps_messages=True, reason="x")


def test_the_audit_log_is_changed_in_its_words_only_and_only_meanwhile(bob: User) -> None:
    def refused(**values: Any) -> bool:
        try:
            with transaction.atomic():
                AuditEntry.objects.filter(whom=bob).update(**values)
        except DatabaseError:
            return True
        return False

    assert refused(reason="x")
    with transaction.atomic():
        services.begin_erasure(None, user=bob.pk, keeps_messages=True, reason="x")
        assert refused(actor=None)
        assert not refused(reason="x")
        while continue_erasure(bob.pk):
            assert refused(act="user.banned")
        assert refused(reason="y")


async def test_who_is_connected_reads_deleted_user_and_sees_them_leave(cast: Cast, server: Server) -> None:
    async with server.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        await in_thread(services.begin_erasure, cast.sam, user=cast.bob.pk, keeps_messages=True, reason="x")
        person = (await push(alice, "person"))["person"]
        assert person == {"id": cast.bob.pk, "username": f"deleted-user-{cast.bob.pk}", "display_name": "Deleted user"}
        await expect(lambda: bob.is_closed, within=5)
        assert bob.closed[0] == 4500
        # The web process goes on with it by itself.
        left = (await push(alice, "changes", within=20))["changes"][0]
        assert (left["event"]["type"], left["body"]) == ("member.left", "Deleted user left")
        assert alice.gaps == 0
    await expect(lambda: in_thread(Erasure.objects.filter(ended_at__isnull=False).exists), within=20)
