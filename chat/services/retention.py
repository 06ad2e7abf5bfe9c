"""How long a channel keeps messages: its own days, or the installation's. A channel on hold keeps everything."""

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from chat import shapes
from chat.allowances.counting import counted
from chat.allowances.table import RENAMES
from chat.models import Act, Channel, User
from chat.services import audit, log
from delivery.bus import announcing
from delivery.bus.announcements import Passing
from delivery.wire import codec, frames
from delivery.wire.errors import Forbidden, Invalid

#: The staff's right to set how long a channel is kept, and to put it on hold.
KEEP = "chat.keep_channel"
#: The most days; longer means for ever.
MOST_DAYS = 36_500


def least_days() -> int:
    """The least days: clients may still need the replay of younger messages."""
    return settings.LIMITS.replay_hours // 24 + 1


def keep_channel(actor: User | None, *, channel: int, keeps_days: int | None, is_held: bool, reason: str) -> Channel:
    """Sets after how many days messages are pruned (0: never; None: RETENTION_DAYS), and whether the channel is on hold.

    Members are told the days, but not of a hold. Repeating does nothing. `actor` None: the console.
    Raises Invalid, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    if actor is not None and not (actor.is_active and actor.has_perm(KEEP)):
        raise Forbidden("Only staff with the right to keep channels may do this.")
    if keeps_days and not least_days() <= keeps_days <= MOST_DAYS:
        raise Invalid(f"Messages are kept for {least_days()} to {MOST_DAYS:,} days, or for ever (0).")
    with counted(RENAMES, actor), log.writing(channel) as entry:
        row = entry.channel
        if row.keeps_days != keeps_days:
            days = {"from": row.keeps_days, "to": keeps_days}
            audit.record(Act.CHANNEL_KEPT, actor=actor, channel=channel, reason=reason, details=days)
            row.keeps_days = keeps_days
            entry.say(_told(row))
        if row.is_held != is_held:
            act = Act.CHANNEL_HELD if is_held else Act.CHANNEL_RELEASED
            audit.record(act, actor=actor, channel=channel, reason=reason)
            row.is_held = is_held
        Channel.objects.filter(pk=channel).update(keeps_days=keeps_days, is_held=is_held)
    return row


def raise_floor(channel: int, *, to: int) -> bool:
    """Within the transaction that deletes messages: up to this number some may be gone. False for a channel on hold."""
    row = Channel.objects.filter(pk=channel, is_held=False)
    return row.update(floor=Greatest(F("floor"), to)) > 0


def tell_removals(channel: int) -> None:
    """After the commit that deletes or changes messages without a number, web processes forget what they keep of the channel.

    Connected members are told the channel as it is now, with its floor; the others read it in `hello`.
    """
    row = Channel.objects.get(pk=channel)
    passing = Passing(channel_id=row.pk, head=row.head, raw=_told(row), outdated=row.head)
    transaction.on_commit(lambda: announcing.announce([passing]), robust=True)


def _told(row: Channel) -> bytes:
    return codec.encode(frames.Channel(action="updated", channel=shapes.channel_to_all(row)))
