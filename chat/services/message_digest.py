"""A digest of a message as first posted: edits and deletions remove the text, but a repeat must be recognised for ever."""

from collections.abc import Sequence
from hashlib import blake2b

from chat.models import Message


def digest_of(
    *,
    channel: int,
    body: str,
    reply_to: int | None,
    thread: int | None = None,
    also_in_channel: bool = False,
    files: Sequence[int] = (),
) -> bytes:
    """The digest of a message: 16 bytes.

    A future field of messages goes into the first line if it is set, so that older digests stay valid.
    """
    head = f"channel={channel}" if reply_to is None else f"channel={channel} reply_to={reply_to}"
    if thread is not None:
        head += f" thread={thread}" + " also_in_channel" * also_in_channel
    if files:
        head += f" files={','.join(map(str, files))}"
    return blake2b(f"{head}\n{body}".encode(), digest_size=16).digest()


def digest_as_posted(row: Message) -> bytes | None:
    """The digest of a message as posted; None for a message that changed before digests were kept."""
    if row.said_digest is not None:
        return bytes(row.said_digest)
    if row.edited_at is not None or row.deleted_at is not None:
        return None
    return digest_of(channel=row.channel_id, body=row.body, reply_to=row.reply_to_id)
