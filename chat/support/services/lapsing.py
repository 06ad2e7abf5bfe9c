"""Things that end by themselves: leases of agents who do not work, snoozes, and silent conversations.

PostgreSQL's clock decides, not the clocks of the processes.
"""

from collections.abc import Callable

from chat import prepared_sql
from chat.models import Act
from chat.services import audit
from chat.support.services.due import AT_ONCE, do_each
from chat.support.services.handling import Handling
from chat.support.services.holding import release_held
from chat.support.services.reopening import settle, wake
from chat.support.services.reserved import reserved_account

# Each by its partial index: what is held by nobody, not snoozed or resolved costs nothing. What clock_timestamp() says may change
# within a statement, so that no index would be asked for it.
_LAPSED = "assignee_id IS NOT NULL AND waiting_since IS NOT NULL AND lease_until < statement_timestamp()"
_SNOOZED_OUT = "snoozed_until < statement_timestamp()"
#: The order of idx_conversations_queue, so that resolved conversations are not even read.
IN_THE_QUEUE = "desk_id, waiting_since ASC NULLS LAST, channel_id"
#: Never a snoozed conversation, and never while the customer waits.
_SILENT = """
state IN ('open', 'pending') AND waiting_since IS NULL AND EXISTS (
    SELECT FROM support_inboxes AS inbox CROSS JOIN LATERAL (
        SELECT created_at FROM messages WHERE messages.channel_id = conversations.channel_id AND kind = 'text'
        ORDER BY seq DESC LIMIT 1
    ) AS last
    WHERE inbox.desk_id = conversations.desk_id AND inbox.resolves_after_days IS NOT NULL
        AND last.created_at < statement_timestamp() - inbox.resolves_after_days * interval '1 day'
)
"""


def lapse_leases() -> int:
    """Frees conversations of agents who do not work while the customer waits, at their old places; returns how many."""
    return _do_due(_LAPSED, "lease_until", _lapse)


def wake_snoozed() -> int:
    """Opens conversations whose snooze has ended; customers who waited before continue to wait. Returns how many."""
    return _do_due(_SNOOZED_OUT, "snoozed_until", lambda handled: wake(handled, by=reserved_account()))


def resolve_silent() -> int:
    """Resolves answered conversations after the inbox's days of silence; returns how many."""
    return _do_due(_SILENT, IN_THE_QUEUE, lambda handled: settle(handled, by=reserved_account()))


def _do_due(due: str, order: str, act: Callable[[Handling], None]) -> int:
    still = f"SELECT channel_id FROM conversations WHERE channel_id = %s AND {due}"  # noqa: S608 (ours)
    again = f"{still} FOR NO KEY UPDATE"

    def act_if_due(handled: Handling) -> bool:
        # Work may have renewed the lease without the conversation's lock; from here on it can't.
        is_due = bool(prepared_sql.rows(again, [handled.row.pk]))
        if is_due:
            act(handled)
        return is_due

    # Other processes find the same conversations: each is checked again just before its turn, and skipped if it is done.
    found = (pk for (pk,) in prepared_sql.rows(_found(due, order), [AT_ONCE]) if prepared_sql.rows(still, [pk]))
    return do_each(found, act_if_due)


def _found(due: str, order: str) -> str:
    return f"SELECT channel_id FROM conversations WHERE {due} ORDER BY {order} LIMIT %s"  # noqa: S608 (ours)


def _lapse(handled: Handling) -> None:
    holder, account = handled.row.assignee, reserved_account()
    assert holder is not None
    sentence = f"{holder.get_full_name()} did not go on with {{}}: it is in the queue again"
    release_held(handled, kind="conversation.lapsed", by=account, sentence=sentence)
    handled.tell_customer("conversation.lapsed", "Somebody else will answer you")
    audit.record(Act.SUPPORT_LAPSED, actor=account, whom=holder.pk, channel=handled.row.pk)
