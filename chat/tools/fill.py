"""Writes very many messages at once, for measuring, directly into logs of channels that nobody follows yet. Announces nothing."""

import datetime
import uuid
from collections.abc import Sequence

from django.db import connection, transaction

from chat.models import Channel, Member, Message, SettledUpTo, User
from chat.services import log

_COPY = """
COPY messages (client_msg_id, channel_id, sender_id, body, kind, seq, rev, status, delivered_at, read_at, created_at)
FROM STDIN
"""

#: One message: its author, text and time.
Written = tuple[int, str, datetime.datetime]


def fill_channel(channel: int, *, written: Sequence[Written]) -> int:
    """Appends these messages, the oldest first, all read by everybody, in one transaction; returns the new head."""
    with log.writing(channel) as entry, connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        with cursor.copy(_COPY) as copy:
            for sender, body, at in written:
                number = entry.next_number()
                copy.write_row((uuid.uuid4(), channel, sender, body, "text", number, number, "read", at, at, at))
        return entry.channel.head


def mark_all_read(channel: int) -> None:
    """Marks everything as read by all members, so that nothing is left to settle."""
    with transaction.atomic():
        head = Channel.objects.select_for_update(no_key=True).get(pk=channel).head
        Member.objects.filter(channel_id=channel).update(delivered_seq=head, read_seq=head)
        SettledUpTo.objects.update_or_create(
            channel_id=channel, defaults={"delivered_settled": head, "read_settled": head}
        )


def tidy_messages() -> None:
    """Does at once what autovacuum would do later: the planner's statistics, and the search index's pending entries."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        try:
            for model in (Message, Channel, Member, User):
                cursor.execute(f"VACUUM ANALYZE {model._meta.db_table}")
        finally:
            cursor.execute("RESET statement_timeout")
