"""The rights, cell by cell: every act by every kind of user in every kind of channel, written down a second time."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from django.db import transaction

from chat import clock, services
from chat.models import AuditEntry, Channel, Message, Report, Role, Sanction, User
from chat.reads.channels import channels_of
from chat.rights.table import RULES, Right
from delivery.wire import errors
from delivery.wire.errors import Refused
from tests.conftest import Cast, say
from tests.stage.moderation import message_by
from tests.stage.rights_cells import CELLS

pytestmark = pytest.mark.django_db

PEOPLE = ("owner", "moderator", "member", "muted", "stranger", "staff", "banned")
TABLES = {
    state: {line.split()[0]: line.split()[1:] for line in cells.split("\n") if line.strip()}
    for state, cells in CELLS.items()
}


@dataclass
class Scene:
    """One channel with somebody of every kind in it, another owner, and `target`, a plain member."""

    channel: Channel
    people: dict[str, User]
    target: User
    newcomer: User
    reason: str = "because"


@pytest.fixture
def scene(cast: Cast, request: pytest.FixtureRequest) -> Scene:
    state: str = request.param
    names = ("moderator", "muted", "banned", "target", "newcomer", "other-owner")
    made = {name: services.create_user(name) for name in names}
    people = {"owner": cast.alice, "member": cast.bob, "stranger": cast.charlie, "staff": cast.sam, **made}
    inside = [people[name] for name in ("owner", "moderator", "member", "muted", "banned", "target", "other-owner")]
    if state == "direct":
        inside = [cast.bob, made["target"]]
        channel, _ = services.open_direct_channel(cast.bob, others=inside)
    elif state == "group":
        channel, _ = services.open_direct_channel(cast.alice, others=inside)
    else:
        kind = "public" if state == "public" else "private"
        channel = services.open_channel(cast.alice, name="scene", kind=kind, members=inside)
        for name, role in (("moderator", Role.MODERATOR), ("other-owner", Role.OWNER)):
            services.change_role(cast.alice, channel=channel.pk, user=people[name], role=role)
    User.objects.filter(pk=made["banned"].pk).update(is_active=False)
    made["banned"].is_active = False
    later = clock.now() + datetime.timedelta(hours=1)
    Sanction.objects.create(channel=channel, user=made["muted"], kind="mute", until=later, created_at=clock.now())
    if state == "support":
        Channel.objects.filter(pk=channel.pk).update(is_support=True)
    if state == "desk":
        Channel.objects.filter(pk=channel.pk).update(kind="desk")
    if state == "archived":
        Channel.objects.filter(pk=channel.pk).update(archived_at=clock.now())
    return Scene(channel, people, target=made["target"], newcomer=made["newcomer"])


def report_in(scene: Scene) -> int:
    row = Message.objects.get(pk=message_by(scene.target, scene.channel))
    said = {"reason": "rude", "body": row.body, "created_at": clock.now()}
    return Report.objects.create(message=row, channel=scene.channel, reporter=scene.newcomer, **said).pk


def post(scene: Scene, actor: User) -> None:
    outcome = say(actor, scene.channel)
    if isinstance(outcome, Refused):
        raise outcome


DO: dict[Right, Callable[[Scene, User], object]] = {
    Right.POST: post,
    Right.REACT: lambda s, actor: services.add_reaction(
        actor, channel=s.channel.pk, message=message_by(s.target, s.channel), emoji="👍"
    ),
    Right.PIN: lambda s, actor: services.pin_message(
        actor, channel=s.channel.pk, message=message_by(s.target, s.channel)
    ),
    Right.EDIT_OWN: lambda s, actor: services.edit_message(
        actor, channel=s.channel.pk, message=message_by(actor, s.channel), body="y"
    ),
    Right.DELETE_OWN: lambda s, actor: services.delete_message(
        actor, channel=s.channel.pk, message=message_by(actor, s.channel)
    ),
    Right.DELETE_ANY: lambda s, actor: services.delete_message(
        actor,
        channel=s.channel.pk,
        message=message_by(s.people["owner" if actor != s.people["owner"] else "member"], s.channel),
        reason=s.reason,
    ),
    Right.RENAME: lambda s, actor: services.revise_channel(actor, channel=s.channel.pk, name="other", reason=s.reason),
    Right.ADD: lambda s, actor: services.add_member(actor, channel=s.channel.pk, user=s.newcomer),
    Right.REMOVE: lambda s, actor: services.remove_member(actor, channel=s.channel.pk, user=s.target, reason=s.reason),
    Right.MUTE: lambda s, actor: services.mute_member(
        actor, channel=s.channel.pk, user=s.target, until=clock.now(), reason=s.reason
    ),
    Right.PROMOTE: lambda s, actor: services.change_role(
        actor, channel=s.channel.pk, user=s.target, role=Role.MODERATOR, reason=s.reason
    ),
    Right.ARCHIVE: lambda s, actor: services.archive_channel(actor, channel=s.channel.pk, reason=s.reason),
    Right.CLOSE_REPORTS: lambda s, actor: services.close_report(
        actor, report=report_in(s), verdict="dismissed", reason="all is well"
    ),
    Right.LEAVE: lambda s, actor: services.leave_channel(actor, channel=s.channel.pk),
}


def outcome_of(act: Right, scene: Scene, actor: User) -> str:
    with transaction.atomic():
        try:
            with transaction.atomic():
                DO[act](scene, actor)
            said = "ok"
        except Refused as refused:
            said = refused.code
        transaction.set_rollback(True)
    return said


@pytest.mark.parametrize("scene", CELLS, indirect=True)
def test_every_cell_of_the_table_is_as_the_verbs_have_it(scene: Scene, request: pytest.FixtureRequest) -> None:
    table = TABLES[request.node.callspec.params["scene"]]
    assert list(table) == [act.value for act in RULES] == [act.value for act in Right]
    found = {
        act: [
            "-" if expected == "-" else outcome_of(Right(act), scene, scene.people[who])
            for who, expected in zip(PEOPLE, row, strict=True)
        ]
        for act, row in table.items()
    }
    assert found == table


@pytest.mark.parametrize("scene", CELLS, indirect=True)
def test_what_a_client_is_told_it_may_do_is_what_it_may_do(scene: Scene, request: pytest.FixtureRequest) -> None:
    table = TABLES[request.node.callspec.params["scene"]]
    for who in ("owner", "moderator", "member"):
        column = PEOPLE.index(who)
        allowed = [act for act, row in table.items() if row[column] == "ok"]
        if allowed:
            [told] = [known for known in channels_of(scene.people[who].pk) if known.id == scene.channel.pk]
            # A user who may delete any message may delete their own too, even without `delete_own`.
            assert set(told.can) - {"delete_own"} == set(allowed) - {"delete_own"}


#: What is done by the staff's right says why.
NEED_REASONS = (Right.DELETE_ANY, Right.RENAME, Right.REMOVE, Right.MUTE, Right.PROMOTE, Right.ARCHIVE)


@pytest.mark.parametrize("scene", ["private"], indirect=True)
@pytest.mark.parametrize("reason", ["", "  ", "\u200b \u2800", "\u0301"])
def test_the_staff_from_outside_says_why_and_the_channels_own_people_need_not(scene: Scene, reason: str) -> None:
    scene.reason = reason
    for act in NEED_REASONS:
        assert outcome_of(act, scene, scene.people["staff"]) == "invalid", act
        assert outcome_of(act, scene, scene.people["owner"]) == "ok", act
    assert outcome_of(Right.DELETE_OWN, scene, scene.people["staff"]) == "ok"


@pytest.mark.parametrize("scene", ["private"], indirect=True)
@pytest.mark.parametrize("role", ["member", "moderator"])
def test_the_staff_in_a_channel_says_why_where_their_role_would_not_do(scene: Scene, role: str) -> None:
    staff = scene.people["staff"]
    services.add_member(scene.people["owner"], channel=scene.channel.pk, user=staff, role=role)
    by_role = {Right.DELETE_ANY, Right.RENAME, Right.REMOVE, Right.MUTE} if role == "moderator" else set()
    for reason in ("", "spam"):
        scene.reason = reason
        for act in NEED_REASONS:
            assert outcome_of(act, scene, staff) == ("ok" if reason or act in by_role else "invalid"), act


@pytest.mark.parametrize("scene", ["public"], indirect=True)
def test_the_staff_in_a_channel_says_why_when_they_outrank_others_by_it(scene: Scene) -> None:
    staff, owner, place = scene.people["staff"], scene.people["owner"], {"channel": scene.channel.pk}
    services.add_member(owner, **place, user=staff, role=Role.MODERATOR)
    services.change_role(owner, **place, user=scene.target, role=Role.MODERATOR)
    for verb in (partial(services.mute_member, until=None), services.remove_member):
        with pytest.raises(errors.Invalid, match="give a reason"):
            verb(staff, **place, user=scene.target)
    services.remove_member(staff, **place, user=scene.target, reason="rude")
    services.change_role(owner, **place, user=staff, role=Role.MEMBER)
    for role in (Role.MEMBER, Role.OWNER):
        with pytest.raises(errors.Invalid, match="give a reason"):
            services.add_member(staff, **place, user=scene.target, role=role)
    services.add_member(staff, **place, user=scene.target, role=Role.OWNER, reason="sorry")
    lines = AuditEntry.objects.filter(actor=staff).values_list("act", "reason")
    assert set(lines) >= {("member.removed", "rude"), ("member.readmitted", "sorry"), ("member.role", "sorry")}


@pytest.mark.parametrize("scene", ["private"], indirect=True)
def test_moderators_remove_and_mute_only_plain_members(scene: Scene) -> None:
    moderator, owner = scene.people["moderator"], scene.people["owner"]
    services.change_role(owner, channel=scene.channel.pk, user=scene.target, role=Role.MODERATOR)
    for act in (Right.REMOVE, Right.MUTE):
        assert outcome_of(act, scene, moderator) == "forbidden"
        assert outcome_of(act, scene, owner) == "ok"


@pytest.mark.parametrize("scene", ["private"], indirect=True)
def test_nobody_mutes_or_removes_themselves(scene: Scene) -> None:
    scene.target = scene.people["owner"]
    assert [outcome_of(act, scene, scene.target) for act in (Right.REMOVE, Right.MUTE)] == ["forbidden", "forbidden"]


def test_a_channel_keeps_its_last_owner_against_every_actor(cast: Cast) -> None:
    for actor in (cast.alice, cast.sam):
        with pytest.raises(errors.Conflict):
            services.change_role(actor, channel=cast.team.pk, user=cast.alice, role=Role.MEMBER, reason="out")
    with pytest.raises(errors.Conflict):
        services.remove_member(cast.sam, channel=cast.team.pk, user=cast.alice, reason="out")
    with pytest.raises(errors.Forbidden):
        services.leave_channel(cast.alice, channel=cast.team.pk)
    services.change_role(cast.sam, channel=cast.team.pk, user=cast.bob, role=Role.OWNER, reason="she goes")
    services.leave_channel(cast.alice, channel=cast.team.pk)
