"""Compares stored counts with the rows that they count, finds wrong counts, and corrects them."""

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Count, F

from chat.models import Channel
from chat.services import log
from chat.services.reactions import show_reactions
from chat.services.roots import count_again

REPLIES, REACTIONS = "replies", "reactions"

_WRONG_REPLIES = """
SELECT root.channel_id, root.id, %s, root.reply_count, COALESCE(alive.replies, 0)
FROM messages AS root LEFT JOIN (
    SELECT thread_id, count(*) FILTER (WHERE deleted_at IS NULL) AS replies
    FROM messages WHERE thread_id IS NOT NULL GROUP BY thread_id
) AS alive ON alive.thread_id = root.id
WHERE (root.reply_count <> 0 OR alive.replies IS NOT NULL) AND root.reply_count <> COALESCE(alive.replies, 0)
ORDER BY root.id
"""
#: Compares the users of each reaction: numbers alone may agree by chance.
_WRONG_REACTIONS = """
WITH said AS (
    SELECT messages.id AS message_id, shown ->> 0 AS emoji, person::bigint AS user_id
    FROM messages, jsonb_array_elements(reactions) AS shown, jsonb_array_elements_text(shown -> 1) AS person
    WHERE reactions IS NOT NULL
)
SELECT messages.channel_id, messages.id, %s, count(said.user_id), count(given.user_id)
FROM said FULL JOIN message_reactions AS given USING (message_id, emoji, user_id)
JOIN messages ON messages.id = message_id
GROUP BY messages.id HAVING count(said.user_id) <> count(*) OR count(given.user_id) <> count(*)
ORDER BY messages.id
"""


@dataclass(frozen=True, slots=True)
class WrongCount:
    channel: int
    name: str
    said: int
    #: The number of memberships in the rows.
    true: int


@dataclass(frozen=True, slots=True)
class WrongMessage:
    channel: int
    message: int
    #: What is wrong: REPLIES or REACTIONS.
    what: str
    said: int
    #: The number of rows.
    true: int


def wrong_counts() -> list[WrongCount]:
    """Channels whose count is wrong. One statement sees one snapshot, so people who join meanwhile make no difference."""
    rows = Channel.objects.annotate(true=Count("members")).exclude(true=F("member_count")).order_by("pk")
    return [WrongCount(row.pk, str(row), row.member_count, row.true) for row in rows]


def wrong_messages() -> list[WrongMessage]:
    """Roots with a wrong count of replies, and messages that show other reactions than the rows have. One statement for each."""
    found = []
    with transaction.atomic(), connection.cursor() as cursor:
        # The statement reads all messages, so it must have no time limit.
        cursor.execute("SET LOCAL statement_timeout = 0")
        for statement, what in ((_WRONG_REPLIES, REPLIES), (_WRONG_REACTIONS, REACTIONS)):
            cursor.execute(statement, [what])
            found += [WrongMessage(*row) for row in cursor.fetchall()]
    return found


def mend_count(channel: int) -> None:
    """Corrects the count under the channel's row lock, which every joining and leaving takes."""
    with transaction.atomic():
        entry = log.lock([channel]).get(channel)
        if entry is not None:
            log.count_members(entry, entry.channel.members.count() - entry.channel.member_count)


def mend_message(wrong: WrongMessage) -> None:
    """Corrects the message under the channel's row lock; members get it with a new number."""
    with log.writing(wrong.channel) as entry:
        row = entry.message(wrong.message)
        if wrong.what == REPLIES:
            count_again(entry, row)
        else:
            show_reactions(entry, row)
