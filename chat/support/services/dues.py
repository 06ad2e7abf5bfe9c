"""The due times of a conversation, by its inbox's policies and hours: stored on its ticket, so that the queue can be sorted."""

from collections import defaultdict
from collections.abc import Mapping

from django.db import transaction

from chat.support.desk_facts import Targets, dues_of
from chat.support.models import Inbox, Policy, Tally, Ticket
from chat.support.schedule import Schedule, schedule_of

#: Tickets in one transaction, few, so that nobody waits long for it.
AT_ONCE = 200


def targets_of(inbox: Inbox) -> Mapping[str, Targets]:
    """The policies of an inbox: by priority, the minutes of each kind."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for policy in Policy.objects.filter(inbox=inbox):
        found[policy.priority][policy.kind] = policy.minutes
    return found


def renew_dues(ticket: Ticket) -> None:
    """Computes the due times again for the ticket's present priority, within the transaction that changed it."""
    tally = Tally.objects.filter(pk=ticket.pk).first()
    if tally is not None:
        keep_dues(ticket, tally, hours=schedule_of(ticket.inbox.hours), targets=targets_of(ticket.inbox))


def renew_dues_of_inbox(inbox: Inbox) -> None:
    """After a change of its hours or policies: computes the due times of every conversation in which the customer waits."""
    hours, targets = schedule_of(inbox.hours), targets_of(inbox)
    running = Ticket.objects.filter(inbox=inbox, conversation__tally__running_since__isnull=False).order_by("pk")
    after = 0
    while True:
        with transaction.atomic():
            tickets = list(running.filter(pk__gt=after).select_for_update(of=("self",))[:AT_ONCE])
            tallies = Tally.objects.in_bulk([ticket.pk for ticket in tickets])
            for ticket in tickets:
                keep_dues(ticket, tallies[ticket.pk], hours=hours, targets=targets)
        if len(tickets) < AT_ONCE:
            return
        after = tickets[-1].pk


def keep_dues(ticket: Ticket, tally: Tally, *, hours: Schedule | None, targets: Mapping[str, Targets]) -> None:
    """Writes the due times by the tally, if they have changed."""
    dues = dues_of(tally, hours=hours, targets=targets.get(ticket.priority, {}))
    known = (ticket.first_due, ticket.next_due, ticket.solve_due)
    if known != (dues.first, dues.next, dues.solve):
        ticket.first_due, ticket.next_due, ticket.solve_due = dues.first, dues.next, dues.solve
        ticket.save(update_fields=["first_due", "next_due", "solve_due"])
