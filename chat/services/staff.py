"""The ready groups of the staff, and their members."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from chat.models import Act, User
from chat.services import audit
from chat.services.visitors import require_inside
from delivery.wire.errors import Forbidden, Invalid, NotFound

_SEES_PEOPLE = ("view_user", "view_channel", "view_member", "view_sanction")

#: Each ready group with exactly its permissions, by codename.
GROUPS: dict[str, tuple[str, ...]] = {
    "Moderator": (
        *_SEES_PEOPLE,
        *("view_message", "view_messageversion", "view_report", "view_ban", "view_auditentry"),
        *("moderate_any_channel", "ban_user"),
    ),
    # They may read conversations of their own inboxes, but no other messages.
    "Support agent": (*_SEES_PEOPLE, "view_ban", "read_support"),
    "Auditor": (*_SEES_PEOPLE, "view_report", "view_ban", "view_auditentry"),
}


def make_groups() -> None:
    """Creates the ready groups, or resets their permissions; other groups stay as they are."""
    with transaction.atomic():
        of_chat = Permission.objects.filter(content_type__app_label="chat")
        for name, codenames in GROUPS.items():
            group, _ = Group.objects.get_or_create(name=name)
            group.permissions.set(of_chat.filter(codename__in=codenames))


def change_staff_roles(actor: User | None, *, user: int, roles: Collection[str], reason: str) -> User:
    """Makes a user staff with exactly these ready groups; without groups, no staff. `actor` None: the console; else a superuser.

    Repeating does nothing. Raises Invalid, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    if unknown := set(roles) - set(GROUPS):
        raise Invalid(f"There is no staff role {sorted(unknown)[0]!r}.")
    if actor is not None and not (actor.is_superuser and actor.is_active):
        raise Forbidden("Only a superuser can give staff roles.")
    with transaction.atomic():
        row = User.objects.select_for_update(no_key=True).filter(pk=user).first()
        if row is None:
            raise NotFound("There is no such user.")
        require_inside(row)
        if actor is not None and row.pk == actor.pk:
            raise Forbidden("Ask another superuser to change your own roles.")
        before = staff_roles_of(row)
        if before == sorted(roles) and row.is_staff == bool(roles or row.is_superuser):
            return row
        _set_roles(row, roles)
        changes: dict[str, Any] = {"from": before, "to": sorted(roles)}
        audit.record(Act.STAFF_ROLES, actor=actor, whom=row.pk, reason=reason, details=changes)
    return row


def _set_roles(row: User, roles: Collection[str]) -> None:
    others = row.groups.exclude(name__in=GROUPS)
    row.groups.set([*others, *Group.objects.filter(name__in=roles)])
    row.is_staff = bool(roles) or row.is_superuser
    User.objects.filter(pk=row.pk).update(is_staff=row.is_staff)


def staff_roles_of(user: User) -> list[str]:
    """The ready groups that the user is in now."""
    return sorted(user.groups.filter(name__in=GROUPS).values_list("name", flat=True))
