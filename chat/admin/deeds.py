"""The acts themselves, as verbs over rows of several kinds; the admin's lists pick the ones that fit them."""

import datetime
from typing import Any

from django import forms

from chat import clock
from chat.admin.acts import Act, ReasonForm
from chat.models import Message, MessageKind, Report, Sanction, SanctionKind, User
from chat.services import (
    ban_user,
    change_staff_roles,
    close_report,
    delete_message,
    lift_ban,
    mute_member,
    readmit_member,
    remove_member,
)
from chat.services.bans import BAN
from chat.services.staff import GROUPS
from chat.services.standing import MODERATE_ANY

#: What is offered for a mute, in minutes.
MUTES = ((15, "15 minutes"), (60, "1 hour"), (24 * 60, "1 day"), (7 * 24 * 60, "1 week"), (30 * 24 * 60, "30 days"))


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


class RolesForm(ReasonForm):
    roles = forms.MultipleChoiceField(
        choices=[(name, name) for name in GROUPS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None of them: no longer staff.",
    )
    field_order = ("roles", "reason")


def _until(given: dict[str, Any]) -> datetime.datetime | None:
    minutes = given["minutes"]
    return None if minutes is None else clock.now() + datetime.timedelta(minutes=minutes)


def _delete(actor: User, message: Message, given: dict[str, Any]) -> None:
    delete_message(actor, channel=message.channel_id, message=message.pk, reason=given["reason"])


def _mute(actor: User, channel: int, user: User, given: dict[str, Any]) -> None:
    mute_member(actor, channel=channel, user=user, until=_until(given), reason=given["reason"])


def _uphold(actor: User, report: Report, given: dict[str, Any]) -> None:
    close_report(actor, report=report.pk, verdict="upheld", reason=given["reason"])


def _dismiss(actor: User, report: Report, given: dict[str, Any]) -> None:
    close_report(actor, report=report.pk, verdict="dismissed", reason=given["reason"])


def _mute_author(actor: User, report: Report, given: dict[str, Any]) -> None:
    _mute(actor, report.channel_id, report.message.sender, given)


def _lift_sanction(actor: User, row: Sanction, given: dict[str, Any]) -> None:
    if row.kind == SanctionKind.MUTE:
        mute_member(actor, channel=row.channel_id, user=row.user, until=None, reason=given["reason"])
    else:
        readmit_member(actor, channel=row.channel_id, user=row.user, reason=given["reason"])


def _is_open(report: Report) -> bool:
    return report.closed_at is None


def _is_said(message: Message) -> bool:
    return message.deleted_at is None and message.kind == MessageKind.TEXT


_EMPTIES = (
    "The messages are emptied for everybody at once. What was reported is kept for moderators, everything else is gone."
)
_BANS = "Sockets are closed at once, and no door lets them in until the ban is lifted."
_MUTES = "What they send to the channel is refused until then, also when they leave and come back; they are told so."

DELETE_MESSAGES = Act(
    name="delete_message",
    label="Delete",
    permission=MODERATE_ANY,
    do=_delete,
    consequence=_EMPTIES,
    fits=_is_said,
    is_danger=True,
)
MUTE_MEMBERS = Act(
    name="mute",
    label="Mute",
    permission=MODERATE_ANY,
    do=lambda actor, member, given: _mute(actor, member.channel_id, member.user, given),
    consequence=_MUTES,
    form=MuteForm,
)
UNMUTE_MEMBERS = Act(
    name="unmute",
    label="Lift the mute",
    permission=MODERATE_ANY,
    do=lambda actor, member, given: mute_member(
        actor, channel=member.channel_id, user=member.user, until=None, reason=given["reason"]
    ),
    consequence="They can write again at once.",
    fits=lambda member: member.muted_until is not None,
)
REMOVE_MEMBERS = Act(
    name="remove",
    label="Remove from the channel",
    permission=MODERATE_ANY,
    do=lambda actor, member, given: remove_member(
        actor, channel=member.channel_id, user=member.user, until=_until(given), reason=given["reason"]
    ),
    consequence="Nothing of the channel reaches them from then on, and they can't come back by themselves until then. "
    "Everybody in it sees that they were removed.",
    form=RemovalForm,
    is_danger=True,
)
LIFT_SANCTIONS = Act(
    name="lift_sanction",
    label="Lift",
    permission=MODERATE_ANY,
    do=_lift_sanction,
    consequence="Who was muted can write again at once; who was removed can come back by themselves where one can join.",
    fits=lambda row: row.until is None or row.until > clock.now(),
)
DELETE_REPORTED = Act(
    name="delete",
    label="Delete the message, uphold",
    permission=MODERATE_ANY,
    do=lambda actor, report, given: _delete(actor, report.message, given),
    consequence=_EMPTIES + " All reports about them are upheld.",
    fits=lambda report: _is_open(report) and _is_said(report.message),
    is_danger=True,
)
UPHOLD = Act(
    name="uphold",
    label="Uphold",
    permission=MODERATE_ANY,
    do=_uphold,
    consequence="The reports are closed as justified; the messages stay as they are.",
    fits=_is_open,
)
DISMISS = Act(
    name="dismiss",
    label="Dismiss",
    permission=MODERATE_ANY,
    do=_dismiss,
    consequence="The reports are closed as unfounded.",
    fits=_is_open,
)
MUTE_AUTHORS = Act(
    name="mute_author",
    label="Mute the author",
    permission=MODERATE_ANY,
    do=_mute_author,
    consequence=_MUTES + " The reports stay open.",
    form=MuteForm,
    fits=_is_open,
)
BAN_AUTHORS = Act(
    name="ban_author",
    label="Ban the author",
    permission=BAN,
    do=lambda actor, report, given: ban_user(actor, user=report.message.sender_id, reason=given["reason"]),
    consequence=_BANS + " The reports stay open.",
    fits=_is_open,
    is_danger=True,
)
BAN_PEOPLE = Act(
    name="ban",
    label="Ban",
    permission=BAN,
    do=lambda actor, user, given: ban_user(actor, user=user.pk, reason=given["reason"]),
    consequence=_BANS,
    fits=lambda user: user.is_active,
    is_danger=True,
)
LIFT_BANS_OF_PEOPLE = Act(
    name="lift_ban",
    label="Lift the ban",
    permission=BAN,
    do=lambda actor, user, given: lift_ban(actor, user=user.pk, reason=given["reason"]),
    consequence="They can sign in again; programs with their tokens come back by themselves.",
    fits=lambda user: not user.is_active,
)
LIFT_BANS = Act(
    name="lift",
    label="Lift",
    permission=BAN,
    do=lambda actor, ban, given: lift_ban(actor, user=ban.user_id, reason=given["reason"]),
    consequence="They can sign in again; programs with their tokens come back by themselves.",
    fits=lambda ban: ban.lifted_at is None,
)
#: No group has this permission: only superusers do.
SUPERUSER = "chat.give_staff_roles"
CHANGE_ROLES = Act(
    name="roles",
    label="Change staff roles",
    permission=SUPERUSER,
    do=lambda actor, user, given: change_staff_roles(actor, user=user.pk, roles=given["roles"], reason=given["reason"]),
    consequence="They have exactly the roles that are ticked, in the admin and in every channel, from the next request on.",
    form=RolesForm,
)
