"""Blocks: if one of two people has blocked the other, neither can send the other direct messages. Channels and support go on."""

from collections.abc import Collection

from django.conf import settings
from django.db import transaction

from chat import clock, prepared_sql
from chat.allowances.counting import counted
from chat.allowances.table import MEMBERSHIPS
from chat.models import Block, Channel, ChannelKind, User
from chat.services import log
from chat.services.accounts import lock_own
from delivery.bus import announcing
from delivery.bus.announcements import Renewed
from delivery.wire.errors import Blocked, Invalid

#: For a `member`: whether a block is between them and all others in the channel. NULL if nobody else is there.
ALL_BLOCKED = """(
    SELECT bool_and(EXISTS (
        SELECT FROM blocks
        WHERE (blocker_id, blocked_id) IN ((member.user_id, other.user_id), (other.user_id, member.user_id))
    )) FROM channel_members AS other WHERE other.channel_id = member.channel_id AND other.user_id <> member.user_id
)"""

_ARE_ALL_BLOCKED = f"SELECT {ALL_BLOCKED} FROM channel_members AS member WHERE channel_id = %s AND user_id = %s"  # noqa: S608


def block_user(user: User, *, whom: User) -> tuple[Block, bool]:
    """Blocks a user: from the commit on neither can send the other direct messages. A repeat returns the first block, and False.

    Earlier messages stay; the blocked user is not told. Raises Invalid for blocking oneself, and if the list is full.
    """
    if whom.pk == user.pk:
        raise Invalid("You can't block yourself.")
    with counted(MEMBERSHIPS, user), transaction.atomic():
        lock_own(user)
        earlier = Block.objects.filter(blocker=user, blocked=whom).first()
        if earlier is not None:
            return earlier, False
        most = settings.LIMITS.blocks
        if Block.objects.filter(blocker=user).count() >= most:
            raise Invalid(f"You can block at most {most:,} people.")
        # A message under way between the two is in the log before this, or refused.
        log.lock(_conversations_of(user, whom))
        block = Block.objects.create(blocker=user, blocked=whom, created_at=clock.now())
        _ring(user, whom)
    return block, True


def unblock_user(user: User, *, whom: User) -> None:
    """Unblocks a user: direct messages work again unless the other one has blocked too. Repeating does nothing."""
    with counted(MEMBERSHIPS, user), transaction.atomic():
        count, _ = Block.objects.filter(blocker=user, blocked=whom).delete()
        if count:
            _ring(user, whom)


def require_not_blocked(user: User, *, others: Collection[int], sentence: str = "") -> None:
    """Raises Blocked if a block is between the user and one of the others."""
    if Block.objects.between(user, others).exists():
        raise Blocked(sentence)


def require_may_bring(user: User, *, others: Collection[int]) -> None:
    """The same for people whom the user adds to a channel, which would be a way around the block."""
    sentence = "One of you has blocked the other: you can't add each other to a channel."
    require_not_blocked(user, others=others, sentence=sentence)


def require_reach(user: User, *, channel: Channel) -> None:
    """Raises Blocked in a direct conversation in which a block is between the user and all others."""
    if channel.kind == ChannelKind.DIRECT and prepared_sql.rows(_ARE_ALL_BLOCKED, [channel.pk, user.pk]) == [(True,)]:
        raise Blocked


def _conversations_of(user: User, whom: User) -> list[int]:
    both = Channel.objects.filter(kind=ChannelKind.DIRECT, members__user=user).filter(members__user=whom)
    return list(both.values_list("pk", flat=True))


def _ring(*people: User) -> None:
    announcements = [Renewed(user_id=person.pk) for person in people]
    transaction.on_commit(lambda: announcing.announce(announcements))
