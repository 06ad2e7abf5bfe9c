"""The lease of a support conversation: an assignment lasts as long as its agent works, at any door. Sockets do not count."""

from collections.abc import Collection

from chat import prepared_sql

#: Locks in one order, so that two processes that write at once can't deadlock. A lease that is still nearly whole is not written.
_KEEP = """
WITH held AS MATERIALIZED (
    SELECT conversation.channel_id
    FROM unnest(%s::bigint[], %s::bigint[]) AS worked (channel_id, user_id)
        JOIN conversations AS conversation
            ON conversation.channel_id = worked.channel_id AND conversation.assignee_id = worked.user_id
    WHERE conversation.lease_until < clock_timestamp() + 0.9 * conversation.lease_seconds * interval '1 second'
    ORDER BY conversation.channel_id FOR NO KEY UPDATE OF conversation
)
UPDATE conversations AS conversation
SET lease_until = clock_timestamp() + conversation.lease_seconds * interval '1 second'
FROM held WHERE conversation.channel_id = held.channel_id
"""


def keep_leases(worked: Collection[tuple[int, int]]) -> None:
    """Renews leases: each (channel, user) has just worked there. A conversation that the user holds gets a whole lease."""
    prepared_sql.execute(_KEEP, [[channel for channel, _ in worked], [user for _, user in worked]])
