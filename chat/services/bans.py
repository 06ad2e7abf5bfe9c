"""Bans: the account is switched off, its sockets are closed at once, and it stays so until somebody lifts it."""

from django.db import transaction

from chat import clock
from chat.models import Act, Ban, User
from chat.services import audit
from chat.services.accounts import locked_account, refusal_of, switch
from delivery.wire.errors import NotFound, Refused

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
        audit.record(Act.USER_BANNED, actor=actor, whom=row.pk, reason=reason)
        switch(row, on=False)
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
        audit.record(Act.BAN_LIFTED, actor=actor, whom=row.pk, reason=reason)
        switch(row, on=ban.was_active)
    return ban


def refusal_to_ban(actor: User | None, user: User) -> Refused | None:
    """What stands against the actor's banning this person, or switching the account off; None when nothing does."""
    return refusal_of(actor, user, right=BAN, to="ban")


def locked_for_ban(actor: User | None, user: int) -> User:
    """The person's row, locked, for who may ban. Raises NotFound, Forbidden."""
    return locked_account(actor, user, right=BAN, to="ban", refusal=refusal_to_ban)
