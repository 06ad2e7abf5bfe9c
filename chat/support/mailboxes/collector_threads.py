"""One web process looks into mailboxes: one thread for each. Nothing waits for these threads, not even the end of the process."""

import logging
import random
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connections

from chat import clock
from chat.live.node import ChatNode
from chat.support.mailboxes.address import Mailbox
from chat.support.mailboxes.collecting import collect, failing_seconds
from chat.support.services.mailboxes import failing_mailboxes
from delivery.service_errors import service_away

logger = logging.getLogger("gapless.mailboxes")

#: Seconds, random up to this, between two tries to take a turn; often enough that one fault is one line in the log.
PAUSE_SECONDS = 5.0
#: The same while PostgreSQL is away.
AWAY_PAUSE_SECONDS = 15.0
#: Seconds until the thread notices the end of the process.
LOOK_SECONDS = 0.25

_collected: ChatNode | None = None


def start_collecting(node: ChatNode) -> None:
    """Starts the looks into the mailboxes of IMAP_URL, which end when the node drains. Repeating does nothing."""
    global _collected
    if _collected is not node:
        _collected = node
        for mailbox in settings.IMAP_URL:
            threading.Thread(
                target=collect_repeatedly, args=(mailbox, lambda: node.is_draining), name="gapless-mailbox", daemon=True
            ).start()


def collect_repeatedly(mailbox: Mailbox, is_ending: Callable[[], bool]) -> None:
    """Looks into the mailbox repeatedly, in turns with other processes."""
    while not is_ending():
        pause = min(PAUSE_SECONDS, max(LOOK_SECONDS, settings.LIMITS.mailbox_seconds))
        try:
            _note(mailbox, is_said=collect(mailbox, is_ending=is_ending))
        except Exception as error:
            pause = AWAY_PAUSE_SECONDS
            logger.warning("the collecting of mails waits: %r", error, extra={"away": service_away(error)})
        _sleep(pause * random.uniform(0.5, 1), is_ending)


def _note(mailbox: Mailbox, *, is_said: bool) -> None:
    # The failure lasts for this process's metrics and log too, even if another process looked last.
    try:
        failing = failing_mailboxes()
    finally:
        connections.close_all()
    now = clock.now()
    longest = min((row.failing_since for row in failing.values() if row.failing_since), default=now)
    failing_seconds.set((now - longest).total_seconds())
    if not is_said and str(mailbox) in failing:
        problem = failing[str(mailbox)].problem
        logger.warning("mails of %s are not collected: %s", mailbox, problem, extra={"away": "the mailbox"})


def _sleep(seconds: float, is_ending: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not is_ending():
        time.sleep(LOOK_SECONDS)
