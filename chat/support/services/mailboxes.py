"""The turns of processes at mailboxes, and the outcome: one row for each mailbox, which a process takes by an UPDATE."""

import datetime

from django.conf import settings

from chat import clock
from chat.support.models import Mailbox

#: A process that took a mailbox and was silent for so long has died. Longer than a step of the connection and one mail take.
TAKEN_SECONDS = 180
#: The longest time between two tries at a failing mailbox: half as long as it has failed, at least `mailbox_seconds`.
LONGEST_WAIT_SECONDS = 300
#: Characters of a problem that are stored.
PROBLEM_CHARACTERS = 300


def take_mailbox(address: str) -> bool:
    """Tries to take the turn. No other process looks until the turn ends, or `hold_mailbox` is not called for a while."""
    if Mailbox.objects.filter(address=address, next_at__lte=clock.now()).update(next_at=_after(TAKEN_SECONDS)):
        return True
    # Constraint: the address is unique; the first look follows right after this.
    Mailbox.objects.get_or_create(address=address)
    return False


def hold_mailbox(address: str) -> None:
    """Prolongs the turn."""
    Mailbox.objects.filter(address=address).update(next_at=_after(TAKEN_SECONDS))


def end_turn(address: str, *, put_aside: int, is_empty: bool) -> None:
    """Ends the turn after a successful look. If the mailbox is not empty, the next look follows at once."""
    Mailbox.objects.filter(address=address).update(
        next_at=_after(settings.LIMITS.mailbox_seconds if is_empty else 0),
        collected_at=clock.now(),
        failing_since=None,
        problem="",
        put_aside=put_aside,
    )


def note_problem(address: str, problem: str) -> None:
    """Ends the turn after a failed look; the next one follows after a while."""
    rows = Mailbox.objects.filter(address=address)
    now = clock.now()
    since = rows.values_list("failing_since", flat=True).first() or now
    wait = min(LONGEST_WAIT_SECONDS, max(settings.LIMITS.mailbox_seconds, (now - since).total_seconds() / 2))
    rows.update(next_at=_after(wait), failing_since=since, problem=problem[:PROBLEM_CHARACTERS])


def failing_mailboxes() -> dict[str, Mailbox]:
    """The mailboxes of IMAP_URL that fail, by address."""
    rows = Mailbox.objects.filter(address__in=[str(each) for each in settings.IMAP_URL], failing_since__isnull=False)
    return {row.address: row for row in rows}


def _after(seconds: float) -> datetime.datetime:
    return clock.now() + datetime.timedelta(seconds=seconds)
