"""Which process looks into a mailbox now, and how it went: one row a mailbox, taken by an UPDATE."""

import datetime

from django.conf import settings

from chat import clock
from chat.support.models import Mailbox

#: Who has taken a mailbox and says nothing for so long has died over it; longer than a step of the connection and a mail take.
TAKEN_SECONDS = 180
#: Between two tries at one that fails: half as long as it has failed, from `mailbox_seconds` up to this.
LONGEST_WAIT_SECONDS = 300
#: Of what is kept of a problem.
PROBLEM_CHARACTERS = 300


def take_mailbox(address: str) -> bool:
    """Whether it is this process's turn; nobody else looks until `hold_mailbox` is not called for a while, or the turn ends."""
    if Mailbox.objects.filter(address=address, next_at__lte=clock.now()).update(next_at=_after(TAKEN_SECONDS)):
        return True
    # Constraint: the address is unique, and the first look is right after this one.
    Mailbox.objects.get_or_create(address=address)
    return False


def hold_mailbox(address: str) -> None:
    """The turn goes on."""
    Mailbox.objects.filter(address=address).update(next_at=_after(TAKEN_SECONDS))


def end_turn(address: str, *, put_aside: int, is_empty: bool) -> None:
    """The mailbox could be collected from. Not empty: the next look follows at once."""
    Mailbox.objects.filter(address=address).update(
        next_at=_after(settings.LIMITS.mailbox_seconds if is_empty else 0),
        collected_at=clock.now(),
        failing_since=None,
        problem="",
        put_aside=put_aside,
    )


def note_problem(address: str, problem: str) -> None:
    """It could not, and is looked into again after a while."""
    rows = Mailbox.objects.filter(address=address)
    now = clock.now()
    since = rows.values_list("failing_since", flat=True).first() or now
    wait = min(LONGEST_WAIT_SECONDS, max(settings.LIMITS.mailbox_seconds, (now - since).total_seconds() / 2))
    rows.update(next_at=_after(wait), failing_since=since, problem=problem[:PROBLEM_CHARACTERS])


def failing_mailboxes() -> dict[str, Mailbox]:
    """Of those of IMAP_URL, by their address."""
    rows = Mailbox.objects.filter(address__in=[str(each) for each in settings.IMAP_URL], failing_since__isnull=False)
    return {row.address: row for row in rows}


def _after(seconds: float) -> datetime.datetime:
    return clock.now() + datetime.timedelta(seconds=seconds)
