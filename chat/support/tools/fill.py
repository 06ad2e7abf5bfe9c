"""Fills a desk as of a company that is a few years old, for measuring, directly in the tables. Announces nothing."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from chat.models import Channel, User
from chat.naming import looks
from chat.support.models import Inbox

#: Conversations for each customer.
EACH = 5

# Customers, conversations, who is in them, what was said and what the desk heard of it. `n` counts conversations, the oldest first.
_LAID = """
CREATE TEMPORARY TABLE laid AS
SELECT n, n > %(resolved)s AS is_open,
    nextval(pg_get_serial_sequence('channels', 'id')) AS channel,
    %(agents)s::bigint[] AS agents, (%(agents)s::bigint[])[1 + n %% %(count)s] AS agent,
    CASE WHEN n > %(resolved)s THEN now() - interval '3 days' * ((n - %(resolved)s)::float8 / %(open)s)
        ELSE now() - interval '2 hours' - interval '700 days' * (1 - n::float8 / %(resolved)s) END AS at,
    NULL::bigint AS visitor
FROM generate_series(1, %(resolved)s + %(open)s) AS n
"""
_FILL = (
    """
CREATE TEMPORARY TABLE customers AS
SELECT k, nextval(pg_get_serial_sequence('users', 'id')) AS id
FROM generate_series(0, (%(resolved)s + %(open)s) / %(each)s) AS k
""",
    "UPDATE laid SET visitor = id FROM customers WHERE k = n / %(each)s",
    """
INSERT INTO users (id, password, is_superuser, is_staff, is_active, date_joined, email, username, display_name, kind)
SELECT id, '!', false, false, true, now(), '', 'visitor-' || to_hex(id + 1152921504606846976), 'Customer', 'visitor'
FROM customers
""",
    """
INSERT INTO support_contacts (visitor_id, inbox_id, email, attributes, created_at)
SELECT id, %(inbox)s, CASE WHEN k %% 2 = 0 THEN 'customer' || k || '@example.com' ELSE '' END, '{}', now() FROM customers
""",
    """
INSERT INTO channels
    (id, name, name_look, name_look_any_case, topic, kind, is_support, member_count, head, created_by_id, created_at)
SELECT channel, 'Customer', %(look)s, %(look_any_case)s, '', 'private', true, 2, 3, visitor, at FROM laid
""",
    """
INSERT INTO channel_members
    (channel_id, user_id, role, status, delivered_seq, read_seq, notify_level, joined_rev, created_at, listed_until)
SELECT channel, visitor, 'member', '', 3, 3, 'all', 1, at, NULL FROM laid
UNION ALL
SELECT channel, agent, 'member', '', 3, 3, 'all', 2, at, CASE WHEN is_open THEN NULL ELSE at + interval '25 hours' END FROM laid
""",
    """
INSERT INTO conversations (channel_id, desk_id, visitor_id, state, answered_seq, answered_by_id, resolved_at, reopens_until)
SELECT channel, %(desk)s, visitor, CASE WHEN is_open THEN 'open' ELSE 'resolved' END, 3, agent,
    CASE WHEN is_open THEN NULL ELSE at + interval '1 hour' END, CASE WHEN is_open THEN NULL ELSE at + interval '7 days' END
FROM laid
""",
    "INSERT INTO support_tickets (conversation_id, inbox_id, labels) SELECT channel, %(inbox)s, '{parcel}' FROM laid",
    """
INSERT INTO support_tallies (conversation_id, began_at, wait_used, solve_used, is_answered, mailed_seq)
SELECT channel, at, '0', '0', true, 3 FROM laid
""",
    """
INSERT INTO messages (client_msg_id, channel_id, sender_id, body, kind, seq, rev, status, created_at)
SELECT gen_random_uuid(), channel, visitor, 'Where is my parcel?', 'text', 2, 2, 'sent', at FROM laid
UNION ALL
SELECT gen_random_uuid(), channel, agent, 'It is on its way', 'text', 3, 3, 'sent', at FROM laid WHERE is_open
""",
    """
INSERT INTO messages (client_msg_id, channel_id, sender_id, body, kind, event, seq, rev, status, created_at)
SELECT gen_random_uuid(), %(desk)s, visitor, 'Customer began a conversation', 'system',
    jsonb_build_object('type', 'conversation.begun', 'by', visitor) || queue_facts(channel), %(head)s + n, %(head)s + n, 'sent', at
FROM laid
""",
    "UPDATE channels SET head = head + %(resolved)s + %(open)s WHERE id = %(desk)s",
    "UPDATE support_inboxes SET counted_rev = %(head)s + %(resolved)s + %(open)s WHERE id = %(inbox)s",
    # Its agents have heard all of it, and a desk is read by nobody.
    "UPDATE channel_members SET delivered_seq = %(head)s + %(resolved)s + %(open)s WHERE channel_id = %(desk)s",
    """
INSERT INTO channels_settled (channel_id, delivered_settled) VALUES (%(desk)s, %(head)s + %(resolved)s + %(open)s)
ON CONFLICT (channel_id) DO UPDATE SET delivered_settled = EXCLUDED.delivered_settled
""",
    "DROP TABLE laid, customers",
)

# Half of them wait, and half of those are held; the rest is answered, pending or snoozed.
_OPEN = """
UPDATE conversations SET
    state = CASE WHEN place.n %% 10 < 8 THEN 'open' WHEN place.n %% 10 = 8 THEN 'pending' ELSE 'snoozed' END,
    waiting_since = CASE WHEN place.n %% 10 < 5 THEN now() - interval '1 second' * place.n END,
    waited_since = NULL, former_assignee_id = NULL,
    snoozed_until = CASE WHEN place.n %% 10 = 9 THEN now() + interval '2 days' END,
    assignee_id = CASE WHEN place.n %% 2 = 0 THEN conversations.answered_by_id END,
    lease_until = CASE WHEN place.n %% 2 = 0 THEN now() + interval '2 days' END
FROM (
    SELECT channel_id, row_number() OVER (ORDER BY channel_id) AS n FROM conversations
    WHERE desk_id = %(desk)s AND state <> 'resolved'
) AS place WHERE place.channel_id = conversations.channel_id
"""


@transaction.atomic
def fill_desk(inbox: Inbox, agents: Sequence[User], *, resolved: int, open_ones: int) -> None:
    """Creates conversations with new customers, resolved over the last two years or begun within the last three days."""
    desk = Channel.objects.select_for_update(no_key=True).get(pk=inbox.desk_id)
    seen, seen_in_any_case = looks("Customer")
    given: dict[str, Any] = {
        "resolved": resolved, "open": open_ones, "each": EACH, "inbox": inbox.pk, "desk": desk.pk, "head": desk.head,
        "agents": [agent.pk for agent in agents], "count": len(agents), "look": seen, "look_any_case": seen_in_any_case,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        for statement in (_LAID, *_FILL):
            cursor.execute(statement, given)
    spread_open(inbox)


def spread_open(inbox: Inbox) -> None:
    """Puts unresolved conversations into all states: of ten five wait, one is pending, one snoozed; half of all have an agent."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"desk": inbox.desk_id})
