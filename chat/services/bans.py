"""Bans: the account is switched off, its sockets are closed at once, and it stays so until somebody lifts it."""

from django.db import transaction

from chat import clock
from chat.models import Act, Ban, User, UserKind
from chat.services import audit
from chat.services.credentials import recheck_logins
from chat.services.receipts import settle_everywhere
from delivery.wire.errors import Forbidden, NotFound, Refused

#: The staff's right to ban.
BAN = "chat.ban_user"


def ban_user(actor: User | None, *, user: int, reason: str) -> Ban:
    """From the commit on, no door lets this person in, and open sockets are closed; a repeat returns the first ban.

    `actor` None: by the console. Raises Invalid, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    with transaction.atomic():
        row = locked_for_ban(actor, user)
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
        row = locked_for_ban(actor, user)
        ban = Ban.objects.standing().filter(user=row).first()
        if ban is None:
            raise NotFound("This person is not banned.")
        ban.lifted_at, ban.lifted_by, ban.lifted_reason = clock.now(), actor, reason
        ban.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
        User.objects.filter(pk=row.pk).update(is_active=ban.was_active)
        audit.record(Act.BAN_LIFTED, actor=actor, whom=row.pk, reason=reason)
        transaction.on_commit(lambda: settle_everywhere(row.pk), robust=True)
    return ban


def refusal_to_ban(actor: User | None, user: User) -> Refused | None:
    """What stands against the actor's banning this person, or switching the account off; None when nothing does."""
    if user.kind == UserKind.SYSTEM:
        return Forbidden("This is the server's own account: nobody signs in as it, and it stays as it is.")
    if actor is None:
        return None
    if not actor.has_perm(BAN):
        return Forbidden("Only staff with the right to ban may do this.")
    if actor.pk == user.pk:
        return Forbidden("You can't do this to yourself.")
    if user.is_staff and not actor.is_superuser:
        return Forbidden("Only a superuser does this to staff.")
    return None


def locked_for_ban(actor: User | None, user: int) -> User:
    """The person's row, locked, for who may ban. Raises NotFound, Forbidden: who may not learns not whether there is one."""
    if actor is not None and not actor.has_perm(BAN):
        raise Forbidden("Only staff with the right to ban may do this.")
    row = User.objects.select_for_update(no_key=True).filter(pk=user).first()
    if row is None:
        raise NotFound("There is no such user.")
    refusal = refusal_to_ban(actor, row)
    if refusal is not None:
        raise refusal
    return row
