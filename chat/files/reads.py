"""Which file somebody may have: looked at for every request."""

from chat.files.beside import Beside
from chat.models import File, Member, User
from delivery.wire.errors import NotFound


def file_for(user: User, pk: int, *, beside: Beside) -> File:
    """One's own before a message has it, then that of a message that one may read. Raises NotFound for all others."""
    row = File.objects.whole().select_related("message").filter(pk=pk).first()
    if row is None or not _may_have(user, row, beside):
        raise NotFound("There is no such file, or none that you may see.")
    return row


def _may_have(user: User, row: File, beside: Beside) -> bool:
    if row.taken_at is None:
        return row.uploader_id == user.pk
    # A file whose message is gone is gone with it.
    if row.message is None:
        return False
    channel = row.message.channel_id
    return Member.objects.filter(channel=channel, user=user).exists() or beside.reads(user, channel)
