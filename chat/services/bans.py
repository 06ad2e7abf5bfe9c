"""Bans: a ban switches an account off and closes its sockets at once, until somebody lifts the ban."""

from django.db import transaction

from chat import clock
from chat.models import Act, Ban, User
from chat.services import audit
from chat.services.accounts import locked_account, refusal_of, set_active
from delivery.wire.errors import NotFound, Refused

#: The staff's right to ban.
BAN = "chat.ban_user"


def ban_user(actor: User | None, *, user: int, reason: str) -> Ban:
    """Bans a person: from the commit on they can't sign in, and their sockets close. A repeat returns the first ban.

    `actor` None: the console. Raises Invalid, Forbidden, NotFound.
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
        audit.record(Act.USER_BANNED, actor=actor, whom=row.pk, reason=reason)
        set_active(row, on=False)
    return ban


def lift_ban(actor: User | None, *, user: int, reason: str) -> Ban:
    """Lifts the ban: the account is again as it was before. Raises Invalid, Forbidden, NotFound if the person is not banned."""
    reason = audit.checked_reason(reason)
    with transaction.atomic():
        row = locked_for_ban(actor, user)
        ban = Ban.objects.standing().filter(user=row).first()
        if ban is None:
            raise NotFound("This person is not banned.")
        ban.lifted_at, ban.lifted_by, ban.lifted_reason = clock.now(), actor, reason
        ban.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
        audit.record(Act.BAN_LIFTED, actor=actor, whom=row.pk, reason=reason)
        set_active(row, on=ban.was_active)
    return ban


def refusal_to_ban(actor: User | None, user: User) -> Refused | None:
    """The refusal of the actor's banning this person or switching the account off; None if the actor may do it."""
    return refusal_of(actor, user, right=BAN, to="ban")


def locked_for_ban(actor: User | None, user: int) -> User:
    """The person's row, locked, if the actor may ban. Raises NotFound, Forbidden."""
    return locked_account(actor, user, right=BAN, to="ban", refusal=refusal_to_ban)
