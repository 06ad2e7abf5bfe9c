"""Which file somebody may have: looked at for every request."""

from chat.files.beside import Beside
from chat.models import File, Member, User
from chat.reads.moderation import sees_from_outside
from delivery.wire.errors import NotFound


def file_for(user: User, pk: int, *, beside: Beside) -> File:
    """One's own before a message has it, then that of a message that one may read, or that was reported to one.

    Raises NotFound for all others.
    """
    row = File.objects.whole().select_related("message", "evidence_of").filter(pk=pk).first()
    if row is None or not _may_have(user, row, beside):
        raise NotFound("There is no such file, or none that you may see.")
    return row


def _may_have(user: User, row: File, beside: Beside) -> bool:
    if row.taken_at is None:
        return row.uploader_id == user.pk
    # A file whose message is gone is gone with it, but for who decides about what was reported.
    said_in = row.message or row.evidence_of
    if said_in is None:
        return False
    is_there = row.message is not None
    return (is_there and _reads(user, said_in.channel_id, beside)) or sees_from_outside(
        user, said_in.pk, channel=said_in.channel_id
    )


def _reads(user: User, channel: int, beside: Beside) -> bool:
    return Member.objects.filter(channel=channel, user=user).exists() or beside.reads(user, channel)
