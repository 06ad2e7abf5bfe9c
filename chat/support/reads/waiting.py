"""Who waits at the desks, all inboxes together."""

from django.db.models import Count, Min

from chat import clock
from chat.models import Conversation, ConversationState
from chat.support.models import Inbox


def who_waits() -> tuple[int, int]:
    """How many customers, and for how many seconds the first of them has."""
    desks = list(Inbox.objects.values_list("desk", flat=True))
    rows = Conversation.objects.filter(desk__in=desks, waiting_since__isnull=False)
    found = rows.exclude(state=ConversationState.RESOLVED).aggregate(count=Count("pk"), since=Min("waiting_since"))
    seconds = int((clock.now() - found["since"]).total_seconds()) if found["since"] else 0
    return found["count"], max(0, seconds)
