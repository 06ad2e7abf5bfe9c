"""Bans: the account is switched off, its sockets are closed at once, and it stays so until somebody lifts it."""

from django.db import transaction

from chat import clock
from chat.models import Act, Ban, User
from chat.services import audit
from chat.services.credentials import recheck_logins
from chat.services.receipts import settle_everywhere
from delivery.errors import Forbidden, NotFound

#: The staff's right to ban.
BAN = "chat.ban_user"


def ban_user(actor: User | None, *, user: int, reason: str) -> Ban:
    """From the commit on, no door lets this person in, and open sockets are closed; a repeat returns the first ban.

    `actor` None: by the console. Raises Invalid, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    with transaction.atomic():
        row = _locked(user)
        _require_may_ban(actor, row)
        standing = Ban.objects.standing().filter(user=row).first()
        if standing is not None:
            return standing
        ban = Ban.objects.create(
            user=row, reason=reason, banned_by=actor, created_at=clock.now(), was_active=row.is_active
        )
        User.objects.filter(pk=row.pk).update(is_active=False)
        audit.record(Act.USER_BANNED, actor=actor, whom=row.pk, reason=reason)
        transaction.on_commit(lambda: settle_everywhere(row.pk), robust=True)
        recheck_logins(row.pk)
    return ban


def lift_ban(actor: User | None, *, user: int, reason: str) -> Ban:
    """The account is what it was before the ban. Raises Invalid, Forbidden, NotFound without a standing ban."""
    reason = audit.checked_reason(reason)
    with transaction.atomic():
        row = _locked(user)
        _require_may_ban(actor, row)
        ban = Ban.objects.standing().filter(user=row).first()
        if ban is None:
            raise NotFound("This person is not banned.")
        ban.lifted_at, ban.lifted_by, ban.lifted_reason = clock.now(), actor, reason
        ban.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
        User.objects.filter(pk=row.pk).update(is_active=ban.was_active)
        audit.record(Act.BAN_LIFTED, actor=actor, whom=row.pk, reason=reason)
        transaction.on_commit(lambda: settle_everywhere(row.pk), robust=True)
    return ban


def _locked(user: int) -> User:
    row = User.objects.select_for_update(no_key=True).filter(pk=user).first()
    if row is None:
        raise NotFound("There is no such user.")
    return row


def _require_may_ban(actor: User | None, user: User) -> None:
    if actor is None:
        return
    if not actor.has_perm(BAN):
        raise Forbidden("Only staff with the right to ban may do this.")
    if actor.pk == user.pk:
        raise Forbidden("You can't ban yourself.")
    if user.is_staff and not actor.is_superuser:
        raise Forbidden("Only a superuser bans staff.")
