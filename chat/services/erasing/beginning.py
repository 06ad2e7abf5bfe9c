"""Begins an erasure in one transaction: from its commit on nobody can sign in as the person, and no name leads to them."""

import secrets

from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q

from chat.models import (
    Act,
    Ban,
    Block,
    Erasure,
    Invite,
    PasswordLink,
    Sanction,
    Saved,
    SignInAddress,
    ThreadFollower,
    Token,
    User,
    UserKind,
)
from chat.naming import looks
from chat.services import audit
from chat.services.accounts import locked_account, refusal_of
from chat.services.credentials import recheck_logins
from chat.services.erased_names import keep_free
from chat.services.erasing.names import NOBODY, names_of, username_for
from chat.services.members import hold_memberships
from chat.services.people import renamed
from chat.services.receipts import settle_everywhere
from delivery.bus import announcing
from delivery.wire.errors import Forbidden, Refused
from presence.people import ONLINE

#: The staff's right to erase.
ERASE = "chat.erase_user"


def begin_erasure(actor: User | None, *, user: int, keeps_messages: bool, reason: str) -> Erasure:
    """Erases the person's identity with the commit, also on connected pages; `continue_erasure` deletes the rest.

    A repeat returns the first erasure, with its choices. `actor` None: the console. Raises Invalid, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    with transaction.atomic():
        row = locked_account(actor, user, right=ERASE, to="erase people", refusal=refusal_to_erase)
        earlier = Erasure.objects.filter(user=row).first()
        if earlier is not None:
            return earlier
        # If the person is just being added to a channel, that is finished before this, or refused.
        hold_memberships([row])
        erasure = Erasure.objects.create(user=row, keeps_messages=keeps_messages, names=names_of(row))
        keep_free(row.username)
        was_active = row.is_active
        _become_nobody(row)
        _forget_what_is_theirs(row)
        details = {"messages": "kept" if keeps_messages else "deleted"}
        audit.record(Act.USER_ERASED, actor=actor, whom=row.pk, reason=reason, details=details)
        transaction.on_commit(lambda: announcing.announce([renamed(row)]), robust=True)
        if was_active:
            transaction.on_commit(lambda: settle_everywhere(row.pk), robust=True)
        recheck_logins(row.pk)
    return erasure


def refusal_to_erase(actor: User | None, user: User) -> Refused | None:
    """The refusal of the actor's erasing this person; None if the actor may do it."""
    if user.kind == UserKind.VISITOR:
        return Forbidden("This is a customer of the support: a supervisor of their inbox erases them at the desk.")
    return refusal_of(actor, user, right=ERASE, to="erase people")


def _become_nobody(row: User) -> None:
    row.username = username_for(row.pk)
    if User.objects.named(row.username).exclude(pk=row.pk).exists():
        # An account took this name before it was reserved.
        row.username += f"-{secrets.token_hex(4)}"
    row.username_look, row.username_look_any_case = looks(row.username)
    row.display_name, row.email, row.password = NOBODY, "", make_password(None)
    row.is_active = row.is_staff = row.is_superuser = False
    row.last_login, row.chosen_status, row.activity = None, ONLINE, ""
    row.shows_typing, row.unread_first, row.presence_rev = True, False, row.presence_rev + 1
    # Not by save(), which calls LoginsEndWithThePassword.
    fields = {field.attname: getattr(row, field.attname) for field in User._meta.concrete_fields}
    User.objects.filter(pk=fields.pop("id")).update(**fields)
    row.groups.clear()
    row.user_permissions.clear()


def _forget_what_is_theirs(row: User) -> None:
    for of_theirs in (
        *(
            Token.objects.filter(user=row),
            PasswordLink.objects.filter(user=row),
            SignInAddress.objects.filter(user=row),
        ),
        *(Invite.objects.filter(created_by=row), Block.objects.filter(Q(blocker=row) | Q(blocked=row))),
        *(Saved.objects.filter(user=row), ThreadFollower.objects.filter(user=row), Sanction.objects.filter(user=row)),
        LogEntry.objects.filter(
            Q(user=row) | Q(content_type__app_label="chat", content_type__model="user", object_id=row.pk)
        ),
    ):
        of_theirs.delete()
    Ban.objects.filter(user=row).update(reason=f"({NOBODY})", lifted_reason="", was_active=False)
