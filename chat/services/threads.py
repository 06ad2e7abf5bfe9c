"""Following a thread, and each follower's read position. The channel's log does not contain it: it is the follower's own."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least

from chat import shapes
from chat.models import Channel, ChannelKind, Message, MessageKind, ThreadFollower, User
from chat.reads.threads import thread_as_followed
from chat.rights.standing import require_reader
from delivery.bus import announcing
from delivery.bus.announcements import Spread
from delivery.wire.codec import encode
from delivery.wire.errors import Invalid, NotFound


def follow_thread(
    user: User,
    *,
    channel: int,
    message: int,
    following: bool | None = None,
    read_seq: int | None = None,
    unread_from: int | None = None,
) -> shapes.FollowedThread:
    """Follows or unfollows the thread that the message begins or would begin; moves the read position, forward only.

    `unread_from`: replies from that number on are unread again, and the thread is followed. None leaves a value as it is; repeating
    does nothing. Tells the user's own sockets. Raises the refusal if they may not read there, NotFound, or Invalid for a message
    that can't begin a thread and for contradictory arguments.
    """
    if unread_from is not None and (following is False or read_seq is not None):
        raise Invalid("`unread_from` follows the thread, and can't be combined with `read_seq` or unfollowing.")
    require_reader(user.pk, channel=channel)
    root = _root(channel, message)
    newest = root.last_reply_seq or root.seq
    follower: dict[str, Any] = {"root": root, "user": user}
    with transaction.atomic():
        if following is not None:
            chosen = {"is_following": following}
            ThreadFollower.objects.update_or_create(
                **follower, defaults=chosen, create_defaults={**chosen, "read_seq": newest}
            )
        if unread_from is not None:
            unread_again = {"is_following": True, "read_seq": max(root.seq, min(unread_from - 1, newest))}
            ThreadFollower.objects.update_or_create(**follower, defaults=unread_again)
        if read_seq is not None:
            furthest = Greatest(F("read_seq"), Least(read_seq, newest))
            ThreadFollower.objects.filter(**follower).update(read_seq=furthest)
        now = thread_as_followed(user.pk, root)
        frame = encode(now.frame(channel))
        transaction.on_commit(
            lambda: announcing.announce([Spread(user_id=user.pk, channel_ids=[], raw=frame)]), robust=True
        )
    return now


def _root(channel: int, message: int) -> Message:
    root = Message.objects.filter(channel=channel, pk=message).first()
    if root is None:
        raise NotFound("There is no such message in this channel.")
    place = Channel.objects.get(pk=channel)
    if place.is_support or place.kind == ChannelKind.INNER:
        raise Invalid("There are no threads in conversations with the support.")
    if root.kind != MessageKind.TEXT or root.thread_id is not None:
        raise Invalid("This message begins no thread.")
    return root
