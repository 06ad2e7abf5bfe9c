"""What people put aside for themselves: nobody else learns of it, and no channel's log moves."""

from django.conf import settings
from django.db import transaction

from chat.models import Message, MessageKind, Saved, User
from chat.services.accounts import lock_own
from delivery.wire.errors import Invalid, NotFound


def save_message(user: User, *, message: int) -> tuple[Message, bool]:
    """The message, and whether it is newly in the user's list; repeating changes nothing.

    Raises NotFound for what the user can't see, Invalid for what was deleted or nobody said, and for one too many.
    """
    with transaction.atomic():
        lock_own(user)
        row = _seen(user, message)
        if row.kind != MessageKind.TEXT or row.deleted_at is not None:
            raise Invalid("Only what somebody says, and has not deleted, can be saved.")
        if not Saved.objects.filter(user=user, message=row).exists():
            _require_room(user)
        _, is_new = Saved.objects.get_or_create(user=user, message=row)
    return row, is_new


def forget_saved(user: User, *, message: int) -> None:
    """Takes it from the user's list; where it is not, nothing changes. Raises NotFound for what the user can't see."""
    gone, _ = Saved.objects.filter(user=user, message=message).delete()
    if not gone and not Message.objects.filter(pk=message, channel__members__user=user).exists():
        raise NotFound("There is no such message in your channels.")


def _require_room(user: User) -> None:
    saved, most = Saved.objects.filter(user=user), settings.LIMITS.saved
    if saved.count() >= most:
        # What is in no list of theirs any more, for they have left its channel, they could not take away.
        saved.exclude(pk__in=Saved.objects.visible_to(user).values("pk")).delete()
    if saved.count() >= most:
        raise Invalid(f"You can save at most {most:,} messages: take some away first.")


def _seen(user: User, message: int) -> Message:
    # Locked, so that who deletes it at this moment takes this along, or is before it.
    found = Message.objects.filter(pk=message, channel__members__user=user).for_the_wire()
    row = found.select_for_update(of=("self",), no_key=True).first()
    if row is None:
        raise NotFound("There is no such message in your channels.")
    return row
