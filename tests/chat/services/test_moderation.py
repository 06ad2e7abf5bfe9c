"""Reports, deletions, bans, roles, and the log of all of it: the verbs, and what the database keeps."""

import datetime
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, transaction

from chat import clock, services
from chat.models import AuditEntry, Member, Message, MessageVersion, Report, Role, User
from chat.services.staff import GROUPS
from delivery.wire.errors import Conflict, Forbidden, Invalid, NotAMember, NotFound, Refused
from tests.conftest import Cast
from tests.stage.locks import until_waiting
from tests.stage.moderation import acts, lines, message_of, newest, staff

pytestmark = pytest.mark.django_db


# ---- reports ----


def test_a_message_is_reported_once_a_person_and_keeps_what_it_said(cast: Cast) -> None:
    row = message_of(cast.alice, cast, "first words")
    report, is_new = services.report_message(cast.bob, channel=cast.team.pk, message=row.pk, reason="  rude ")
    again, is_new_again = services.report_message(cast.bob, channel=cast.team.pk, message=row.pk, reason="still rude")
    assert (is_new, is_new_again, again.pk, again.reason) == (True, False, report.pk, "rude")
    services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body="other words")
    assert Report.objects.get().body == "first words"
    assert lines() == [("message.reported", "bob", "alice", "rude")]


REFUSED_REPORTS: list[tuple[str, Callable[[Cast], Any], type[Refused]]] = [
    ("an own message", lambda c: report(c, c.bob, message_of(c.bob, c)), Forbidden),
    ("without a reason", lambda c: report(c, c.bob, message_of(c.alice, c), reason="  "), Invalid),
    ("with a reason of 501 characters", lambda c: report(c, c.bob, message_of(c.alice, c), reason="x" * 501), Invalid),
    ("from outside", lambda c: report(c, c.charlie, message_of(c.alice, c)), NotFound),
    ("a message of the system", lambda c: report(c, c.bob, newest(c)), NotFound),
    ("a deleted message", lambda c: report(c, c.bob, deleted(c)), Forbidden),
]


def report(cast: Cast, who: User, row: Message, *, reason: str = "rude") -> Report:
    return services.report_message(who, channel=cast.team.pk, message=row.pk, reason=reason)[0]


def deleted(cast: Cast) -> Message:
    row = message_of(cast.alice, cast)
    return services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk)


@pytest.mark.parametrize(("what", "act", "refusal"), REFUSED_REPORTS, ids=[case[0] for case in REFUSED_REPORTS])
def test_reports_that_are_refused(cast: Cast, what: str, act: Callable[[Cast], Any], refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        act(cast)
    assert not Report.objects.exists()


def test_a_report_is_closed_once_with_a_reason_by_who_keeps_the_channel(cast: Cast) -> None:
    about = report(cast, cast.alice, message_of(cast.bob, cast))
    for stranger, refusal in ((cast.bob, NotFound), (cast.charlie, NotFound)):
        with pytest.raises(refusal):
            services.close_report(stranger, report=about.pk, verdict="dismissed", reason="no")
    with pytest.raises(Invalid):
        services.close_report(cast.alice, report=about.pk, verdict="dismissed", reason=" ")
    for _ in range(2):
        services.close_report(cast.alice, report=about.pk, verdict="dismissed", reason="a joke")
    with pytest.raises(Conflict):
        services.close_report(cast.alice, report=about.pk, verdict="upheld", reason="not a joke")
    about_alice = report(cast, cast.bob, message_of(cast.alice, cast))
    with pytest.raises(Forbidden):
        services.close_report(cast.alice, report=about_alice.pk, verdict="dismissed", reason="I am never rude")
    assert lines(act="report.dismissed") == [("report.dismissed", "alice", "bob", "a joke")]


@pytest.mark.django_db(transaction=True)
def test_who_closes_a_case_locks_its_reports_in_one_order(cast: Cast) -> None:
    row = message_of(cast.bob, cast)
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    first, second = (report(cast, who, row) for who in (cast.alice, cast.charlie))
    closing = threading.Thread(target=_close, args=[cast.alice, second])
    with transaction.atomic():
        Report.objects.select_for_update().get(pk=first.pk)
        closing.start()
        until_waiting(1)
        # Else two that close the same case from its two ends wait for each other.
        Report.objects.select_for_update(nowait=True).get(pk=second.pk)
    closing.join()
    assert set(Report.objects.values_list("verdict", flat=True)) == {"dismissed"}


def _close(who: User, about: Report) -> None:
    services.close_report(who, report=about.pk, verdict="dismissed", reason="a joke")
    connections.close_all()


# ---- deleting, and what is kept ----


def test_what_a_message_said_before_an_edit_is_kept(cast: Cast) -> None:
    row = message_of(cast.bob, cast, "one")
    for body in ("two", "two", "three"):
        services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body=body)
    kept = MessageVersion.objects.filter(message=row).order_by("number")
    assert [(version.number, version.body) for version in kept] == [(1, "one"), (2, "two")]
    assert kept[0].written_at == row.created_at
    assert kept[0].replaced_at == kept[1].written_at


@pytest.mark.holds("versions")
def test_a_message_is_edited_a_hundred_times_and_not_once_more(cast: Cast) -> None:
    row = message_of(cast.bob, cast, "0")
    for n in range(1, 101):
        services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body=f"{n}")
    with pytest.raises(Forbidden, match="100 times"):
        services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body="one more")
    # Nothing is dropped for it, what changes nothing is still fine, and it can be deleted.
    assert MessageVersion.objects.filter(message=row).count() == 100
    services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body="100")
    assert services.delete_message(cast.bob, channel=cast.team.pk, message=row.pk).body == ""


@pytest.mark.parametrize(("is_reported", "kept"), [(False, []), (True, ["one", "two"])])
def test_a_deletion_takes_all_versions_unless_the_message_was_reported(
    cast: Cast, is_reported: bool, kept: list[str]
) -> None:
    row = message_of(cast.bob, cast, "one")
    services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body="two")
    if is_reported:
        report(cast, cast.alice, row)
    services.delete_message(cast.bob, channel=cast.team.pk, message=row.pk)
    versions = MessageVersion.objects.filter(message=row).order_by("number")
    assert [version.body for version in versions] == kept
    assert Message.objects.get(pk=row.pk).body == ""
    assert Report.objects.open().count() == int(is_reported), "the author's own deletion closes no report"


def test_a_moderators_deletion_is_audited_and_upholds_the_reports(cast: Cast) -> None:
    row = message_of(cast.bob, cast)
    report(cast, cast.alice, row)
    for _ in range(2):
        services.delete_message(cast.alice, channel=cast.team.pk, message=row.pk, reason="rude")
    assert lines()[1:] == [("report.upheld", "alice", "bob", "rude"), ("message.deleted", "alice", "bob", "rude")]
    own = message_of(cast.bob, cast)
    services.delete_message(cast.bob, channel=cast.team.pk, message=own.pk)
    assert acts().count() == 3, "to delete one's own is no act of moderation"


# ---- staff without a membership ----


def test_staff_who_moderate_everywhere_need_no_membership_and_others_do(cast: Cast) -> None:
    moderator, agent = staff("mo", "Moderator"), staff("agnes", "Support agent")
    row = message_of(cast.bob, cast)
    with pytest.raises(NotFound):
        services.delete_message(agent, channel=cast.team.pk, message=row.pk)
    services.delete_message(moderator, channel=cast.team.pk, message=row.pk, reason="rude")
    services.remove_member(moderator, channel=cast.team.pk, user=cast.bob, reason="rude again")
    with pytest.raises(Conflict):
        services.remove_member(moderator, channel=cast.team.pk, user=cast.alice, reason="the last owner stays")
    assert not Member.objects.filter(channel=cast.team, user=cast.bob).exists()
    assert lines(actor=moderator) == [
        ("message.deleted", "mo", "bob", "rude"),
        ("member.removed", "mo", "bob", "rude again"),
    ]


# ---- roles ----


def test_every_change_of_a_role_stands_in_the_audit_log(cast: Cast) -> None:
    services.change_role(cast.alice, channel=cast.team.pk, user=cast.bob, role=Role.MODERATOR, reason="he asked")
    services.change_role(cast.alice, channel=cast.team.pk, user=cast.bob, role=Role.MODERATOR)
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie, role=Role.OWNER)
    entries = AuditEntry.objects.filter(act="member.role").order_by("pk")
    assert [(e.whom_id, e.details) for e in entries] == [
        (cast.bob.pk, {"from": "member", "to": "moderator"}),
        (cast.charlie.pk, {"from": None, "to": "owner"}),
    ]


def test_the_ready_groups_have_exactly_their_permissions_however_often_they_are_made(cast: Cast) -> None:
    services.make_groups()
    Group.objects.get(name="Auditor").permissions.set(Group.objects.get(name="Moderator").permissions.all())
    Group.objects.create(name="Somebody's own")
    services.make_groups()
    for name, codenames in GROUPS.items():
        found = Group.objects.get(name=name).permissions.values_list("codename", flat=True)
        assert sorted(found) == sorted(codenames)
    assert Group.objects.count() == len(GROUPS) + 1


def test_who_is_made_a_superuser_stands_in_the_audit_log(cast: Cast) -> None:
    boss = services.create_user("boss", is_staff=True)
    entry = AuditEntry.objects.get(details__to=["Superuser"])
    assert (entry.act, entry.actor, entry.whom) == ("staff.roles", None, boss)


def test_only_superusers_give_staff_roles_and_not_to_themselves(cast: Cast) -> None:
    mo = staff("mo", "Moderator")
    for who, whom in ((mo, cast.bob), (cast.alice, cast.bob), (cast.sam, cast.sam)):
        with pytest.raises(Forbidden):
            services.change_staff_roles(who, user=whom.pk, roles=["Moderator"], reason="please")
    services.change_staff_roles(cast.sam, user=mo.pk, roles=[], reason="left the team")
    mo = User.objects.get(pk=mo.pk)
    assert (mo.is_staff, mo.groups.count(), mo.has_perm("chat.ban_user")) == (False, 0, False)
    last = AuditEntry.objects.latest("pk")
    assert (last.act, last.details) == ("staff.roles", {"from": ["Moderator"], "to": []})


# ---- the log itself ----


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET reason = 'nothing'", "DELETE FROM audit_log"])
def test_the_database_refuses_to_rewrite_the_audit_log(cast: Cast, statement: str) -> None:
    services.ban_user(None, user=cast.bob.pk, reason="spam")
    with pytest.raises(IntegrityError, match="added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert lines() == [("user.banned", None, "bob", "spam")]


def test_an_act_that_fails_leaves_no_line(cast: Cast) -> None:
    with pytest.raises(NotAMember):
        services.remove_member(cast.alice, channel=cast.team.pk, user=cast.charlie, reason="was never here")
    assert not acts().exists()


def test_a_line_says_when_and_from_where(cast: Cast, standing_clock: datetime.datetime) -> None:
    moment = standing_clock + datetime.timedelta(days=1)
    with clock.at(moment):
        services.ban_user(None, user=cast.bob.pk, reason="spam")
    entry = acts().get()
    assert (entry.created_at, entry.door, entry.address) == (moment, "command", None)


# ---- commands ----


def test_staff_can_be_made_at_the_console(cast: Cast) -> None:
    services.make_groups()
    call_command("createuser", "bob", role=["Auditor"], stdout=io.StringIO())
    assert lines() == [("staff.roles", None, "bob", "manage.py createuser --role")]
    assert User.objects.get(username="bob").has_perm("chat.view_auditentry")
