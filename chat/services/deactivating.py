"""People who have left the company: their account is switched off with a reason; it is no ban, and can be switched on again."""

from django.db import transaction

from chat.models import Act, Ban, Erasure, User
from chat.services import audit
from chat.services.accounts import set_active
from chat.services.bans import locked_for_ban
from delivery.wire.errors import Conflict


def deactivate_user(actor: User | None, *, user: int, reason: str) -> User:
    """Switches the account off: from the commit on the person can't sign in, and their sockets close. Repeating does nothing.

    Needs the right to ban. `actor` None: the console. Raises Invalid, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    with transaction.atomic():
        row = locked_for_ban(actor, user)
        if row.is_active:
            audit.record(Act.USER_DEACTIVATED, actor=actor, whom=row.pk, reason=reason)
            set_active(row, on=False)
    return row


def reactivate_user(actor: User | None, *, user: int, reason: str) -> User:
    """Switches the account on again. Repeating does nothing.

    Raises Invalid, Forbidden, NotFound, or Conflict for a banned or erased person.
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
            set_active(row, on=True)
    return row
