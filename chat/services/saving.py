"""Messages that users save for themselves: nobody else learns of it, and no channel's log moves."""

from django.conf import settings
from django.db import transaction

from chat.models import Message, MessageKind, Saved, User
from chat.services.accounts import lock_own
from delivery.wire.errors import Invalid, NotFound


def save_message(user: User, *, message: int) -> tuple[Message, bool]:
    """Saves the message in the user's list; returns it, and whether it is new there. Repeating changes nothing.

    Raises NotFound for a message that the user can't see, Invalid for deleted and system messages, and for one too many.
    """
    with transaction.atomic():
        lock_own(user)
        row = _seen(user, message)
        if row.kind != MessageKind.TEXT or row.deleted_at is not None:
            raise Invalid("Only messages of people that are not deleted can be saved.")
        if not Saved.objects.filter(user=user, message=row).exists():
            _require_room(user)
        _, is_new = Saved.objects.get_or_create(user=user, message=row)
    return row, is_new


def forget_saved(user: User, *, message: int) -> None:
    """Removes the message from the user's list, if it is there. Raises NotFound for a message that the user can't see."""
    gone, _ = Saved.objects.filter(user=user, message=message).delete()
    if not gone and not Message.objects.filter(pk=message, channel__members__user=user).exists():
        raise NotFound("There is no such message in your channels.")


def _require_room(user: User) -> None:
    saved, most = Saved.objects.filter(user=user), settings.LIMITS.saved
    if saved.count() >= most:
        # Saved messages of channels that the user has left are in no list, so the user can't remove them: they are removed here.
        saved.exclude(pk__in=Saved.objects.visible_to(user).values("pk")).delete()
    if saved.count() >= most:
        raise Invalid(f"You can save at most {most:,} messages: take some away first.")


def _seen(user: User, message: int) -> Message:
    # Locked, so that a deletion at this moment comes before this, or removes this too.
    found = Message.objects.filter(pk=message, channel__members__user=user).for_the_wire()
    row = found.select_for_update(of=("self",), no_key=True).first()
    if row is None:
        raise NotFound("There is no such message in your channels.")
    return row
