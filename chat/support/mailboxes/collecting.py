"""One look into a mailbox: each unread mail is received, then marked, so that whatever dies in between leaves it to be found again.

Taken or dropped: seen. Refused for good: flagged, and left unread for a person. Not now (a limit, a full queue): left as it is.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Literal, ParamSpec, TypeVar

from django.conf import settings
from django.db import connections
from django.db.utils import OperationalError
from prometheus_client import Gauge

from chat.middleware import caller
from chat.models import Door
from chat.support.letters.head import read_head
from chat.support.mailboxes.address import Mailbox
from chat.support.mailboxes.line import Line
from chat.support.services.mailboxes import end_turn, hold_mailbox, note_problem, take_mailbox
from chat.support.services.receiving import receive_mail
from delivery import metrics
from delivery.away import is_away
from delivery.wire.errors import Refused

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger("gapless.mailboxes")

Outcome = Literal["taken", "dropped", "refused", "left"]
mails_collected = metrics.counted(
    "gapless_mails_collected",
    "Mails that were found in a mailbox: taken, dropped (a machine wrote it), refused (flagged there), or left for the next look.",
    outcome=("taken", "dropped", "refused", "left"),
)
failing_seconds = Gauge(
    "gapless_mailbox_failing_seconds",
    "For how long collecting from a mailbox of IMAP_URL has failed, of the one that fails the longest; 0 while none fails.",
    multiprocess_mode="livemax",
)


def collect(mailbox: Mailbox, *, is_ending: Callable[[], bool] = lambda: False) -> bool:
    """Looks if it is this process's turn, and whether it was. What the mailbox does wrong is noted; raises what PostgreSQL does."""
    address = str(mailbox)
    if not _asked(take_mailbox, address):
        return False
    try:
        line = Line(mailbox)
        try:
            is_empty = _take_up(line, address, is_ending)
            put_aside = line.put_aside()
        except BaseException:
            line.hang_up()
            raise
        line.hang_up(is_well=True)
    except Exception as error:
        if isinstance(error, OperationalError) and is_away(error):
            raise
        logger.warning("mails of %s are not collected: %s", address, error, extra={"away": "the mailbox"})
        _asked(note_problem, address, str(error))
    else:
        _asked(end_turn, address, put_aside=put_aside, is_empty=is_empty)
    return True


def _take_up(line: Line, address: str, is_ending: Callable[[], bool]) -> bool:
    """Whether nothing is left that could be taken up now."""
    waiting: set[str] = set()
    left: Iterator[int] = iter(line.unread())
    for _ in range(settings.LIMITS.mails_a_look):
        uid = next(left, None)
        if uid is None or is_ending():
            return uid is None
        _asked(hold_mailbox, address)
        sender = _take(line, uid)
        if sender is not None and sender not in waiting:
            # Their others would be left too: whoever floods a mailbox keeps nobody else waiting.
            waiting.add(sender)
            left = (other for other in line.unread(but_of=waiting) if other > uid)
    return next(left, None) is None


def _take(line: Line, uid: int) -> str | None:
    """Of a mail that is left, its sender."""
    most, size = settings.LIMITS.mail_bytes, line.size(uid)
    # One byte more than there may be: a server may be wrong about the size.
    raw = None if size is None or size > most else line.mail(uid, most=most + 1)
    if raw is None and (size is None or size <= most):
        # Somebody took it away meanwhile.
        return None
    outcome = "refused" if raw is None else _asked(_received, raw)
    mails_collected.labels(outcome).inc()
    if raw is not None and outcome == "left":
        return read_head(raw).sender
    if outcome == "refused":
        line.set_aside(uid)
    else:
        line.mark_seen(uid)
    return None


def _received(raw: bytes) -> Outcome:
    try:
        with caller.coming_from(Door.MAIL, None):
            return "taken" if receive_mail(raw) else "dropped"
    except Refused as refusal:
        if refusal.retry_after is not None:
            return "left"
        logger.info("a mail in a mailbox is refused: %s", refusal.detail)
        return "refused"
    except OperationalError as error:
        if is_away(error):
            raise
        # A lock that took too long.
        return "left"
    except Exception:
        # What is wrong with one mail keeps no other from being collected.
        logger.exception("a mail could not be received")
        return "refused"


def _asked(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    # Between two questions to PostgreSQL the mailbox may take its time: nobody waits for the connection meanwhile.
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()
