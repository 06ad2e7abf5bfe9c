"""Reads new changes of the desks' logs: writes facts, due times and mails to agents. Each change counts exactly once."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import F

from chat.models import Message
from chat.support.desk_facts import Fact, Targets, count, fact_of
from chat.support.models import Inbox, Interval, Tally, Ticket
from chat.support.schedule import Schedule, schedule_of
from chat.support.services.agent_mails import write_agent_mails
from chat.support.services.dues import keep_dues, targets_of

#: The most changes in one transaction.
AT_ONCE = 200


def count_desks() -> int:
    """Counts new changes; returns how many. It skips inboxes that another process is counting."""
    behind = Inbox.objects.filter(desk__head__gt=F("counted_rev")).order_by("pk")
    return sum(_count_desk(inbox) for inbox in behind.values_list("pk", flat=True))


def _count_desk(inbox: int) -> int:
    counted = 0
    while some := _count_some(inbox):
        counted += some
    return counted


def _count_some(pk: int) -> int:
    with transaction.atomic():
        locked = Inbox.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        inbox = locked.select_related("hours", "desk").filter(pk=pk, desk__head__gt=F("counted_rev")).first()
        if inbox is None:
            return 0
        rows = Message.objects.filter(channel=inbox.desk_id).changed_since(inbox.counted_rev)[:AT_ONCE]
        changes = [(row.rev, fact_of(row.event or {}, at=row.created_at, number=row.rev)) for row in rows]
        _count_facts(inbox, [fact for _, fact in changes if fact is not None])
        # If no row is left up to the head, pruning has deleted them.
        inbox.counted_rev = changes[-1][0] if changes else inbox.desk.head
        inbox.save(update_fields=["counted_rev"])
    return len(changes)


def _count_facts(inbox: Inbox, facts: Sequence[Fact]) -> None:
    hours, targets = schedule_of(inbox.hours), targets_of(inbox)
    # The conversations' rows are locked in the order of their ids, before the tallies.
    ids = sorted({fact.conversation for fact in facts})
    tickets = {row.pk: row for row in Ticket.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)}
    tallies = {row.pk: row for row in Tally.objects.filter(pk__in=ids).select_for_update(no_key=True)}
    ended: list[Interval] = []
    for fact in facts:
        ticket = tickets.get(fact.conversation)
        if ticket is not None:
            tally = tallies.setdefault(ticket.pk, Tally(conversation_id=ticket.pk, episode=0, began_at=fact.at))
            ended += count(tally, fact, hours=hours, targets=targets.get(ticket.priority, {}))
    # Constraint support_spans_once: an interval that exists already is not added again.
    Interval.objects.bulk_create(ended, ignore_conflicts=True)
    _keep(tickets, tallies, hours, targets)
    write_agent_mails(inbox, [fact for fact in facts if fact.conversation in tickets], hours=hours)


def _keep(
    tickets: Mapping[int, Ticket],
    tallies: Mapping[int, Tally],
    hours: Schedule | None,
    targets: Mapping[str, Targets],
) -> None:
    for pk, tally in tallies.items():
        tally.save()
        keep_dues(tickets[pk], tally, hours=hours, targets=targets)
