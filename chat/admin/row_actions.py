"""The admin's actions on messages, reports and people, of which each list picks some. Actions in channels: channel_actions.py."""

from typing import Any

from django import forms

from chat.admin.actions import AdminAction, ReasonForm
from chat.admin.channel_actions import MUTED, MuteForm, may, mute
from chat.links import password_url
from chat.models import Message, MessageKind, Report, User
from chat.rights.standing import MODERATE_ANY
from chat.rights.table import Right
from chat.services import (
    ban_user,
    begin_erasure,
    change_staff_roles,
    close_report,
    deactivate_user,
    delete_message,
    lift_ban,
    make_password_link,
    reactivate_user,
)
from chat.services.bans import BAN, refusal_to_ban
from chat.services.erasing.beginning import ERASE, refusal_to_erase
from chat.services.staff import GROUPS, staff_roles_of


class RolesForm(ReasonForm):
    roles = forms.MultipleChoiceField(
        choices=[(name, name) for name in GROUPS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None of them: no longer staff.",
    )
    field_order = ("roles", "reason")


class EraseForm(ReasonForm):
    messages = forms.ChoiceField(
        choices=[("keep", "stay, under the name Deleted user"), ("delete", "are emptied, with their files")],
        initial="keep",
        widget=forms.RadioSelect,
        label="Their messages",
    )
    field_order = ("messages", "reason")


def _erase(actor: User, user: User, given: dict[str, Any]) -> str:
    begin_erasure(actor, user=user.pk, keeps_messages=given["messages"] == "keep", reason=given["reason"])
    return "Nobody can find this person or sign in as them any more. Their data is being deleted now."


def _make_password_link(actor: User, user: User, given: dict[str, Any]) -> str:
    secret = make_password_link(actor, user=user.pk, reason=given["reason"])
    return f"For {user.username}, shown this once: {password_url(secret)}"


def _delete(actor: User, message: Message, given: dict[str, Any]) -> None:
    delete_message(actor, channel=message.channel_id, message=message.pk, reason=given["reason"])


def _uphold(actor: User, report: Report, given: dict[str, Any]) -> None:
    close_report(actor, report=report.pk, verdict="upheld", reason=given["reason"])


def _dismiss(actor: User, report: Report, given: dict[str, Any]) -> None:
    close_report(actor, report=report.pk, verdict="dismissed", reason=given["reason"])


def _mute_author(actor: User, report: Report, given: dict[str, Any]) -> None:
    mute(actor, report.channel_id, report.message.sender, given)


def _is_open(actor: User, report: Report) -> bool:
    """And somebody else's: nobody closes a report about themselves."""
    return report.closed_at is None and report.message.sender_id != actor.pk


def _is_said(message: Message) -> bool:
    return message.deleted_at is None and message.kind == MessageKind.TEXT


def _is_banned(user: User) -> bool:
    return any(ban.lifted_at is None for ban in user.bans.all())


def _is_erased(user: User) -> bool:
    return hasattr(user, "erasure")


def _may_ban(actor: User, user: User) -> bool:
    return refusal_to_ban(actor, user) is None


_EMPTIES = (
    "The messages are emptied for everybody at once. Moderators keep what was reported; everything else is deleted."
)
_BANS = "They are signed out everywhere at once, and can't sign in until the ban is lifted."

DELETE_MESSAGES = AdminAction(
    name="delete_message",
    label="Delete",
    permission=MODERATE_ANY,
    do=_delete,
    consequence=_EMPTIES,
    fits=lambda actor, message: _is_said(message) and may(Right.DELETE_ANY, actor, message.channel),
    is_danger=True,
)
DELETE_REPORTED = AdminAction(
    name="delete",
    label="Delete the message, uphold",
    permission=MODERATE_ANY,
    do=lambda actor, report, given: _delete(actor, report.message, given),
    consequence=_EMPTIES + " All reports about them are upheld.",
    fits=lambda actor, report: _is_open(actor, report) and _is_said(report.message),
    is_danger=True,
)
UPHOLD = AdminAction(
    name="uphold",
    label="Uphold",
    permission=MODERATE_ANY,
    do=_uphold,
    consequence="The reports are closed as justified; the messages stay as they are.",
    fits=_is_open,
)
DISMISS = AdminAction(
    name="dismiss",
    label="Dismiss",
    permission=MODERATE_ANY,
    do=_dismiss,
    consequence="The reports are closed as unfounded.",
    fits=_is_open,
)
MUTE_AUTHORS = AdminAction(
    name="mute_author",
    label="Mute the author",
    permission=MODERATE_ANY,
    do=_mute_author,
    consequence=MUTED + " The reports stay open.",
    form=MuteForm,
    fits=_is_open,
)
BAN_AUTHORS = AdminAction(
    name="ban_author",
    label="Ban the author",
    permission=BAN,
    do=lambda actor, report, given: ban_user(actor, user=report.message.sender_id, reason=given["reason"]),
    consequence=_BANS + " The reports stay open.",
    fits=lambda actor, report: _is_open(actor, report) and _may_ban(actor, report.message.sender),
    is_danger=True,
)
BAN_PEOPLE = AdminAction(
    name="ban",
    label="Ban",
    permission=BAN,
    do=lambda actor, user, given: ban_user(actor, user=user.pk, reason=given["reason"]),
    consequence=_BANS,
    fits=lambda actor, user: not _is_banned(user) and not _is_erased(user) and _may_ban(actor, user),
    is_danger=True,
)
LIFT_BANS_OF_PEOPLE = AdminAction(
    name="lift_ban",
    label="Lift the ban",
    permission=BAN,
    do=lambda actor, user, given: lift_ban(actor, user=user.pk, reason=given["reason"]),
    consequence="They can sign in again; programs with their tokens reconnect by themselves.",
    fits=lambda actor, user: _is_banned(user) and _may_ban(actor, user),
)
DEACTIVATE = AdminAction(
    name="deactivate",
    label="Switch the account off",
    permission=BAN,
    do=lambda actor, user, given: deactivate_user(actor, user=user.pk, reason=given["reason"]),
    consequence="For people who have left; it is no ban. They are signed out everywhere and can't sign in; their messages stay. "
    "The account can be switched on again.",
    fits=lambda actor, user: user.is_active and _may_ban(actor, user),
    is_danger=True,
)
REACTIVATE = AdminAction(
    name="reactivate",
    label="Switch the account on again",
    permission=BAN,
    do=lambda actor, user, given: reactivate_user(actor, user=user.pk, reason=given["reason"]),
    consequence="They can sign in again; programs with their tokens reconnect by themselves.",
    fits=lambda actor, user: (
        not user.is_active and not _is_banned(user) and not _is_erased(user) and _may_ban(actor, user)
    ),
)
LIFT_BANS = AdminAction(
    name="lift",
    label="Lift",
    permission=BAN,
    do=lambda actor, ban, given: lift_ban(actor, user=ban.user_id, reason=given["reason"]),
    consequence="They can sign in again; programs with their tokens reconnect by themselves.",
    fits=lambda actor, ban: ban.lifted_at is None and _may_ban(actor, ban.user),
)
ERASE_PERSON = AdminAction(
    name="erase",
    label="Erase for ever",
    permission=ERASE,
    do=_erase,
    consequence="It can't be undone. Name, address, password, tokens, sessions, reactions, read marks and mentions are gone, "
    "nobody can take the username again, and others read Deleted user. Reports and the audit log keep what was done.",
    form=EraseForm,
    fits=lambda actor, user: refusal_to_erase(actor, user) is None and not _is_erased(user),
    is_danger=True,
    is_bulk=False,
)
#: No group has this permission: only superusers do.
SUPERUSER = "chat.give_staff_roles"
CHANGE_ROLES = AdminAction(
    name="roles",
    label="Change staff roles",
    permission=SUPERUSER,
    do=lambda actor, user, given: change_staff_roles(actor, user=user.pk, roles=given["roles"], reason=given["reason"]),
    consequence="They have exactly the roles that are ticked, in the admin and in every channel, from the next request on.",
    form=RolesForm,
    initial=lambda user: {"roles": staff_roles_of(user)},
    fits=lambda actor, user: actor.pk != user.pk,
)
MAKE_PASSWORD_LINK = AdminAction(
    name="password-link",
    label="Link to a new password",
    permission=SUPERUSER,
    do=_make_password_link,
    consequence="You get a link for them: it sets another password, once, within a day. All their sessions and tokens end then.",
    fits=lambda actor, user: user.is_active and actor.pk != user.pk,
    is_bulk=False,
)
