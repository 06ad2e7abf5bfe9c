"""A single draft with only text, the common case: the arguments of the function post_alone (posting_alone.sql)."""

import datetime

from chat.services.post_drafts import Row
from chat.services.posting_facts import SenderStanding
from delivery.source import numbered

#: Returns the columns of post_drafts.
STATEMENT = numbered(
    "SELECT NULL::text, post_alone(%s::bigint, %s::bigint, %s::uuid, %s::text, %s::bigint, %s::bytea,"
    " %s::text, %s::text, %s::text, %s::text, %s::timestamptz), NULL::text"
)


def parameters(row: Row, standing: SenderStanding, now: datetime.datetime) -> list[bytes | None] | None:
    """The arguments of STATEMENT, as text; None if the draft needs post_drafts."""
    has_more = row.files or row.thread or row.also_in_channel or row.names is not None
    is_plain = standing.is_active and not (
        standing.is_archived or standing.is_blocked or standing.muted_until or standing.side
    )
    if has_more or not is_plain:
        return None
    said = (row.channel, row.sender, row.client_msg_id, row.body, row.reply_to, f"\\x{row.said_digest}")
    believed = (standing.kind, standing.role, standing.username, standing.display_name)
    return [None if value is None else str(value).encode() for value in (*said, *believed, now.isoformat())]
