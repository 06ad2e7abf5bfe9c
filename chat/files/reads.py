"""Whether a user may have a file, checked for every request."""

from chat.files.hooks import FileHooks
from chat.models import File, Member, User
from chat.reads.moderation import sees_from_outside
from delivery.wire.errors import NotFound


def file_for(user: User, pk: int, *, hooks: FileHooks) -> File:
    """The file, if it is the user's own and no message has it yet, or if they may read its message or moderate a report of it.

    Raises NotFound for all other files.
    """
    row = File.objects.whole().select_related("message", "evidence_of").filter(pk=pk).first()
    if row is None or not _may_have(user, row, hooks):
        raise NotFound("There is no such file, or none that you may see.")
    return row


def _may_have(user: User, row: File, hooks: FileHooks) -> bool:
    if row.taken_at is None:
        return row.uploader_id == user.pk
    # A file is gone with its message, except for moderators who decide about a report.
    said_in = row.message or row.evidence_of
    if said_in is None:
        return False
    is_there = row.message is not None
    return (is_there and _reads(user, said_in.channel_id, hooks)) or sees_from_outside(
        user, said_in.pk, channel=said_in.channel_id
    )


def _reads(user: User, channel: int, hooks: FileHooks) -> bool:
    return Member.objects.filter(channel=channel, user=user).exists() or hooks.reads(user, channel)
