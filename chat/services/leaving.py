"""Who has left the company: the account is switched off with a reason, without a ban's reproach, and can come back."""

from django.db import transaction

from chat.models import Act, Ban, Erasure, User
from chat.services import audit
from chat.services.accounts import switch
from chat.services.bans import locked_for_ban
from delivery.wire.errors import Conflict


def deactivate_user(actor: User | None, *, user: int, reason: str) -> User:
    """From the commit on, no door lets this person in, and open sockets are closed. Repeating does nothing.

    By who may ban. `actor` None: by the console. Raises Invalid, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    with transaction.atomic():
        row = locked_for_ban(actor, user)
        if row.is_active:
            audit.record(Act.USER_DEACTIVATED, actor=actor, whom=row.pk, reason=reason)
            switch(row, on=False)
    return row


def reactivate_user(actor: User | None, *, user: int, reason: str) -> User:
    """The account is on again. Repeating does nothing.

    Raises Invalid, Forbidden, NotFound, or Conflict for a ban that stands, and for who was erased.
    """
    reason = audit.checked_reason(reason)
    with transaction.atomic():
        row = locked_for_ban(actor, user)
        if Ban.objects.standing().filter(user=row).exists():
            raise Conflict("This person is banned: lift the ban instead.")
        if Erasure.objects.filter(user=row).exists():
            raise Conflict("This person was erased: nobody comes in with this account again.")
        if not row.is_active:
            audit.record(Act.USER_REACTIVATED, actor=actor, whom=row.pk, reason=reason)
            switch(row, on=True)
    return row
