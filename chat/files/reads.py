"""Which file somebody may have: looked at for every request."""

from collections.abc import Callable

from chat.models import File, Member, User
from delivery.wire.errors import NotFound

#: Whether somebody reads a channel (its id) that they are not in.
ReadsBesides = Callable[[User, int], bool]


def members_alone(user: User, channel: int) -> bool:
    """Nobody reads a channel who is not in it."""
    return False


def file_for(user: User, pk: int, *, reads_besides: ReadsBesides) -> File:
    """One's own before a message has it, then that of a message that one may read. Raises NotFound for all others."""
    row = File.objects.whole().select_related("message").filter(pk=pk).first()
    if row is None or not _may_have(user, row, reads_besides):
        raise NotFound("There is no such file, or none that you may see.")
    return row


def _may_have(user: User, row: File, reads_besides: ReadsBesides) -> bool:
    if row.taken_at is None:
        return row.uploader_id == user.pk
    # A file whose message is gone is gone with it.
    if row.message is None:
        return False
    channel = row.message.channel_id
    return Member.objects.filter(channel=channel, user=user).exists() or reads_besides(user, channel)
