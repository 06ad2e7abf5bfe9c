"""Pins: messages that a channel keeps at hand. A pin changes its message, under the channel's lock, by members who may post."""

import datetime

from django.conf import settings
from django.db.models import Max

from chat.allowances.counting import counted
from chat.allowances.table import PINS
from chat.models import Message, MessageKind, User
from chat.rights.standing import require_may
from chat.rights.table import Right
from chat.services import log
from chat.services.blocks import require_reach
from delivery.wire.errors import Invalid

_A_MOMENT = datetime.timedelta(microseconds=1)


def pin_message(user: User, *, channel: int, message: int) -> Message:
    """Pins the message, with a new number; repeating changes nothing.

    Raises Invalid for one pin too many, for a deleted message and for a system message.
    """
    with counted(PINS, user), log.writing(channel) as entry:
        row = _asked(entry, user, message)
        if row.pinned_at is None:
            pinned = Message.objects.pinned_in(channel)
            if pinned.count() >= settings.LIMITS.pins:
                raise Invalid(f"A channel has at most {settings.LIMITS.pins} pins: take one away first.")
            # Later than every other pin, so that lists have one order.
            newest = pinned.aggregate(at=Max("pinned_at"))["at"]
            row.pinned_at = entry.now if newest is None else max(entry.now, newest + _A_MOMENT)
            entry.revise(row, "pinned_at")
    return row


def unpin_message(user: User, *, channel: int, message: int) -> Message:
    """Unpins the message, with a new number; without a pin nothing changes. Raises Invalid as above."""
    with counted(PINS, user), log.writing(channel) as entry:
        row = _asked(entry, user, message)
        if row.pinned_at is not None:
            row.pinned_at = None
            entry.revise(row, "pinned_at")
    return row


def _asked(entry: log.Entry, user: User, message: int) -> Message:
    require_may(user, Right.PIN, channel=entry.channel)
    require_reach(user, channel=entry.channel)
    row = entry.message(message)
    if row.kind != MessageKind.TEXT or row.deleted_at is not None:
        raise Invalid("Only messages of people that are not deleted can be pinned.")
    return row
