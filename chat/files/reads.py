"""Which file somebody may have: looked at for every request."""

from chat.models import File, Member, User
from delivery.wire.errors import NotFound


def file_for(user: User, pk: int) -> File:
    """One's own before a message has it, then that of a message in a channel of one's own. Raises NotFound for all others."""
    row = File.objects.whole().select_related("message").filter(pk=pk).first()
    if row is None or not _may_read(user, row):
        raise NotFound("There is no such file, or none that you may see.")
    return row


def _may_read(user: User, row: File) -> bool:
    if row.taken_at is None:
        return row.uploader_id == user.pk
    # A file whose message is gone is gone with it.
    return row.message is not None and Member.objects.filter(channel=row.message.channel_id, user=user).exists()
