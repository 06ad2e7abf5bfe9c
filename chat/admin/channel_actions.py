"""The admin's actions on channels, and on people in one channel."""

import datetime
from typing import Any

from django import forms

from chat import clock
from chat.admin.actions import AdminAction, ReasonForm
from chat.models import Channel, ChannelKind, Member, Role, Sanction, SanctionKind, User
from chat.rights.standing import MODERATE_ANY, standing_of
from chat.rights.table import Right
from chat.services import (
    archive_channel,
    change_role,
    inspect_channel,
    keep_channel,
    mute_member,
    readmit_member,
    remove_member,
    restore_channel,
    revise_channel,
)
from chat.services.members import has_another_owner
from chat.services.retention import KEEP, MOST_DAYS

#: The lengths of a mute that the form offers, in minutes.
MUTES = ((15, "15 minutes"), (60, "1 hour"), (24 * 60, "1 day"), (7 * 24 * 60, "1 week"), (30 * 24 * 60, "30 days"))


class NamesForm(ReasonForm):
    name = forms.CharField(max_length=80)
    topic = forms.CharField(max_length=250, required=False)
    field_order = ("name", "topic", "reason")


class KeepForm(ReasonForm):
    keeps_days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_DAYS,
        label="Days that messages are kept",
        help_text="Empty: the default of this server; 0: for ever.",
    )
    is_held = forms.BooleanField(
        required=False, label="On hold", help_text="Nothing is pruned or erased, not even after these days."
    )
    field_order = ("keeps_days", "is_held", "reason")


class RoleForm(ReasonForm):
    role = forms.ChoiceField(choices=Role.choices)
    field_order = ("role", "reason")


class MuteForm(ReasonForm):
    minutes = forms.TypedChoiceField(choices=MUTES, coerce=int, initial=60, label="For")
    field_order = ("minutes", "reason")


class RemovalForm(ReasonForm):
    minutes = forms.TypedChoiceField(
        choices=(("", "until somebody adds them again"), *MUTES),
        coerce=int,
        empty_value=None,
        required=False,
        label="They can't come back for",
    )
    field_order = ("minutes", "reason")


def mute(actor: User, channel: int, user: User, given: dict[str, Any]) -> None:
    mute_member(actor, channel=channel, user=user, until=_until(given), reason=given["reason"])


def _lift_sanction(actor: User, row: Sanction, given: dict[str, Any]) -> None:
    if row.kind == SanctionKind.MUTE:
        mute_member(actor, channel=row.channel_id, user=row.user, until=None, reason=given["reason"])
    else:
        readmit_member(actor, channel=row.channel_id, user=row.user, reason=given["reason"])


def _rename(actor: User, channel: Channel, given: dict[str, Any]) -> None:
    revise_channel(actor, channel=channel.pk, name=given["name"], topic=given["topic"], reason=given["reason"])


def _keep(actor: User, channel: Channel, given: dict[str, Any]) -> None:
    days, is_held = given["keeps_days"], given["is_held"]
    keep_channel(actor, channel=channel.pk, keeps_days=days, is_held=is_held, reason=given["reason"])


def _give_role(actor: User, member: Member, given: dict[str, Any]) -> None:
    change_role(actor, channel=member.channel_id, user=member.user, role=given["role"], reason=given["reason"])


def may(right: Right, actor: User, channel: Channel) -> bool:
    return standing_of(actor, channel=channel.pk).refusal(right, channel) is None


def _may_to(right: Right, actor: User, member: Member) -> bool:
    standing = standing_of(actor, channel=member.channel_id)
    return right.value in standing.rights_over(member, member.channel)


def _until(given: dict[str, Any]) -> datetime.datetime | None:
    minutes = given["minutes"]
    return None if minutes is None else clock.now() + datetime.timedelta(minutes=minutes)


MUTED = "Their messages to the channel are refused until then, even if they leave and return; they are told so."

MUTE_MEMBERS = AdminAction(
    name="mute",
    label="Mute",
    permission=MODERATE_ANY,
    do=lambda actor, member, given: mute(actor, member.channel_id, member.user, given),
    consequence=MUTED,
    form=MuteForm,
    fits=lambda actor, member: _may_to(Right.MUTE, actor, member),
)
UNMUTE_MEMBERS = AdminAction(
    name="unmute",
    label="Lift the mute",
    permission=MODERATE_ANY,
    do=lambda actor, member, given: mute_member(
        actor, channel=member.channel_id, user=member.user, until=None, reason=given["reason"]
    ),
    consequence="They can write again at once.",
    fits=lambda actor, member: member.muted_until is not None and _may_to(Right.MUTE, actor, member),
)
REMOVE_MEMBERS = AdminAction(
    name="remove",
    label="Remove from the channel",
    permission=MODERATE_ANY,
    do=lambda actor, member, given: remove_member(
        actor, channel=member.channel_id, user=member.user, until=_until(given), reason=given["reason"]
    ),
    consequence="They no longer receive anything from the channel, and can't return by themselves until then. "
    "All members see that they were removed.",
    form=RemovalForm,
    fits=lambda actor, member: has_another_owner(member) and _may_to(Right.REMOVE, actor, member),
    is_danger=True,
)
LIFT_SANCTIONS = AdminAction(
    name="lift_sanction",
    label="Lift",
    permission=MODERATE_ANY,
    do=_lift_sanction,
    consequence="A muted member can write again at once; a removed person can return by themselves if the channel can be joined.",
    fits=lambda actor, row: row.until is None or row.until > clock.now(),
)
GIVE_ROLE = AdminAction(
    name="role",
    label="Change the role",
    permission=MODERATE_ANY,
    do=_give_role,
    consequence="All members see it. A channel keeps at least one owner.",
    form=RoleForm,
    initial=lambda member: {"role": member.role},
    fits=lambda actor, member: has_another_owner(member) and _may_to(Right.PROMOTE, actor, member),
)
RENAME = AdminAction(
    name="rename",
    label="Change name or topic",
    permission=MODERATE_ANY,
    do=_rename,
    consequence="Everybody in the channel sees it.",
    form=NamesForm,
    initial=lambda channel: {"name": channel.name, "topic": channel.topic},
    fits=lambda actor, channel: may(Right.RENAME, actor, channel),
    is_bulk=False,
)
ARCHIVE = AdminAction(
    name="archive",
    label="Archive",
    permission=MODERATE_ANY,
    do=lambda actor, channel, given: archive_channel(actor, channel=channel.pk, reason=given["reason"]),
    consequence="Members can still read it, but nobody can write in it until it is taken out of the archive.",
    fits=lambda actor, channel: channel.archived_at is None and may(Right.ARCHIVE, actor, channel),
    is_danger=True,
)
RESTORE = AdminAction(
    name="restore",
    label="Take out of the archive",
    permission=MODERATE_ANY,
    do=lambda actor, channel, given: restore_channel(actor, channel=channel.pk, reason=given["reason"]),
    consequence="Its members can write in it again at once.",
    fits=lambda actor, channel: channel.archived_at is not None and may(Right.ARCHIVE, actor, channel),
)
KEEP_CHANNEL = AdminAction(
    name="keep",
    label="Change how long it is kept",
    permission=KEEP,
    do=_keep,
    consequence="The next prune deletes older messages for ever, except reported ones. Members see the days, but not a hold.",
    form=KeepForm,
    initial=lambda channel: {"keeps_days": channel.keeps_days, "is_held": channel.is_held},
    is_bulk=False,
)
READ = AdminAction(
    name="read",
    label="Read the messages",
    permission=MODERATE_ANY,
    do=lambda actor, channel, given: inspect_channel(actor, channel=channel.pk, reason=given["reason"]),
    consequence="For 15 minutes you can read the members and the messages of this private conversation. "
    "The audit log notes it with your reason, for everybody who may read the log.",
    fits=lambda actor, channel: channel.kind != ChannelKind.PUBLIC,
    is_bulk=False,
    leads_to="admin:chat_channel_reading",
)
