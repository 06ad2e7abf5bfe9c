"""Following a thread, and how far somebody has read it. Nothing of it stands in the channel's log: it is each follower's own."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least

from chat import shapes
from chat.models import Channel, ChannelKind, Message, MessageKind, ThreadFollower, User
from chat.reads.threads import thread_as_followed
from chat.rights.standing import require_reader
from delivery.bus import bell
from delivery.bus.announcements import Spread
from delivery.wire.codec import encode
from delivery.wire.errors import Invalid, NotFound


def follow_thread(
    user: User, *, channel: int, message: int, following: bool | None = None, read_seq: int | None = None
) -> shapes.FollowedThread:
    """Follows the thread that the message begins or would begin, or stops; notes what was read of it, forward only.

    None leaves it as it is; to repeat it does nothing. Tells the user's own sockets. Raises what keeps them from reading there,
    NotFound, or Invalid for what begins no thread.
    """
    require_reader(user.pk, channel=channel)
    root = _root(channel, message)
    with transaction.atomic():
        if following is not None:
            ThreadFollower.objects.update_or_create(
                root=root,
                user=user,
                defaults={"is_following": following},
                create_defaults={"is_following": following, "read_seq": root.last_reply_seq or root.seq},
            )
        if read_seq is not None:
            newest = root.last_reply_seq or root.seq
            ThreadFollower.objects.filter(root=root, user=user).update(
                read_seq=Greatest(F("read_seq"), Least(read_seq, newest))
            )
        now = thread_as_followed(user.pk, root)
        frame = encode(now.frame(channel))
        transaction.on_commit(lambda: bell.ring([Spread(user_id=user.pk, channel_ids=[], raw=frame)]), robust=True)
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
