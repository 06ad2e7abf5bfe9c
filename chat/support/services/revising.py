"""A conversation's priority and labels, which agents set."""

from collections.abc import Sequence

from django.db import transaction

from chat.allowances.counting import counted
from chat.allowances.table import DESK_ACTS
from chat.models import User
from chat.naming import clean_name
from chat.support.models import Ticket
from chat.support.services.dues import renew_dues
from chat.support.services.standing import require_agent
from delivery.wire.errors import Invalid, NotFound

#: The most labels of one conversation.
MOST_LABELS, LABEL_CHARACTERS = 20, 40


def revise(
    actor: User, *, conversation: int, priority: str | None = None, labels: Sequence[str] | None = None
) -> Ticket:
    """Changes priority or labels; None leaves a value as it is. Due times follow the priority. Raises Invalid, NotFound."""
    clean = None if labels is None else _clean_labels(labels)
    with counted(DESK_ACTS, actor), transaction.atomic():
        rows = Ticket.objects.select_for_update(no_key=True, of=("self",)).select_related("inbox__hours")
        ticket = rows.filter(pk=conversation).first()
        if ticket is None:
            raise NotFound
        require_agent(actor, ticket.inbox)
        if clean is not None:
            ticket.labels = clean
        if priority is not None and priority != ticket.priority:
            ticket.priority = priority
            renew_dues(ticket)
        ticket.save(update_fields=["labels", "priority"])
    return ticket


def _clean_labels(labels: Sequence[str]) -> list[str]:
    clean = [clean_name(label, what="A label", most=LABEL_CHARACTERS) for label in labels]
    clean = list(dict.fromkeys(filter(None, clean)))
    if len(clean) > MOST_LABELS:
        raise Invalid(f"A conversation has at most {MOST_LABELS} labels.")
    return clean
