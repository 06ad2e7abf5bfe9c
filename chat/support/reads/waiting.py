"""Waiting customers at all desks together."""

from django.db.models import Count, Min

from chat import clock, prepared_sql
from chat.models import Conversation, ConversationState

# Asked every few seconds, where nearly always there is none.
_DESKS = "SELECT desk_id FROM support_inboxes"


def who_waits() -> tuple[int, int]:
    """How many customers wait, and the longest wait in seconds."""
    desks = [desk for (desk,) in prepared_sql.rows(_DESKS, [])]
    if not desks:
        return 0, 0
    rows = Conversation.objects.filter(desk__in=desks, waiting_since__isnull=False)
    found = rows.exclude(state=ConversationState.RESOLVED).aggregate(count=Count("pk"), since=Min("waiting_since"))
    seconds = int((clock.now() - found["since"]).total_seconds()) if found["since"] else 0
    return found["count"], max(0, seconds)
