"""One look into a mailbox: each unread mail is received, then marked, so that a mail is found again if the process dies in between.

Accepted or dropped mails are marked as seen. Mails refused for good are flagged, and left unread for a person. Mails refused for
now (a limit, a full queue) stay as they are.
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
from chat.support.mailboxes.imap_connection import ImapConnection
from chat.support.services.mailboxes import end_turn, hold_mailbox, note_problem, take_mailbox
from chat.support.services.receiving import receive_mail
from delivery import metrics
from delivery.service_errors import is_database_away
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
    """Looks if it is this process's turn; returns whether it was. Notes errors of the mailbox; raises PostgreSQL's."""
    address = str(mailbox)
    if not _asked(take_mailbox, address):
        return False
    try:
        line = ImapConnection(mailbox)
        try:
            is_empty = _take_up(line, address, is_ending)
            put_aside = line.put_aside()
        except BaseException:
            line.hang_up()
            raise
        line.hang_up(is_well=True)
    except Exception as error:
        if isinstance(error, OperationalError) and is_database_away(error):
            raise
        logger.warning("mails of %s are not collected: %s", address, error, extra={"away": "the mailbox"})
        _asked(note_problem, address, str(error))
    else:
        _asked(end_turn, address, put_aside=put_aside, is_empty=is_empty)
    return True


def _take_up(line: ImapConnection, address: str, is_ending: Callable[[], bool]) -> bool:
    """Collects mails; returns whether none is left that could be collected now."""
    waiting: set[str] = set()
    left: Iterator[int] = iter(line.unread())
    for _ in range(settings.LIMITS.mails_a_look):
        uid = next(left, None)
        if uid is None or is_ending():
            return uid is None
        _asked(hold_mailbox, address)
        sender = _take(line, uid)
        if sender is not None and sender not in waiting:
            # The sender's other mails would be left too: a flood by one sender must not delay other customers.
            waiting.add(sender)
            left = (other for other in line.unread(but_of=waiting) if other > uid)
    return next(left, None) is None


def _take(line: ImapConnection, uid: int) -> str | None:
    """Receives one mail; returns its sender if the mail is left for later."""
    most, size = settings.LIMITS.mail_bytes, line.size(uid)
    # Reads one byte more than allowed, because a server may be wrong about the size.
    raw = None if size is None or size > most else line.mail(uid, most=most + 1)
    if raw is None and (size is None or size <= most):
        # Another program has removed it meanwhile.
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
        with caller.with_origin(Door.MAIL, None):
            return "taken" if receive_mail(raw) else "dropped"
    except Refused as refusal:
        if refusal.retry_after is not None:
            return "left"
        logger.info("a mail in a mailbox is refused: %s", refusal.detail)
        return "refused"
    except OperationalError as error:
        if is_database_away(error):
            raise
        # A lock took too long.
        return "left"
    except Exception:
        # An error with one mail does not stop the others.
        logger.exception("a mail could not be received")
        return "refused"


def _asked(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    # The mailbox may be slow: PostgreSQL's connection is given back between two questions.
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()
