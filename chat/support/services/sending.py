"""Sends waiting mails over SMTP, outside of transactions: takes each first, then sends it, then notes the outcome.

If a process dies in between, it is unknown whether the mail was sent. Then it is sent once more, with the same Message-ID, and
never a third time.
"""

import datetime
import logging
import smtplib
from typing import Any

from django.core.mail import get_connection
from django.db import transaction

from chat import clock
from chat.support.letters.outgoing import letter
from chat.support.models import Mail
from chat.support.services.letters import Needless, text_of
from chat.support.services.mailing import is_mailing

logger = logging.getLogger("gapless.support")

#: The most mails of one run, over one connection.
AT_ONCE = 50
#: A process that took a mail and was silent for so long has died.
TAKEN_SECONDS = 60
#: Seconds for each step of the talk with the mail server.
TIMEOUT_SECONDS = 10
#: The most tries with an unknown outcome.
MOST_UNKNOWN = 2
MOST_ATTEMPTS = 12
LONGEST_WAIT_SECONDS = 3600


def send_mails() -> int:
    """Sends waiting mails; returns how many. It skips mails that another process is sending; without a mail server mails wait."""
    if not is_mailing() or not _waiting().exists():
        return 0
    connection = get_connection(timeout=TIMEOUT_SECONDS)
    sent = 0
    try:
        for _ in range(AT_ONCE):
            mail = _take()
            if mail is None:
                break
            if not mail.dropped:
                sent += _send(mail, connection)
    finally:
        connection.close()
    return sent


def _waiting() -> Any:
    return Mail.objects.filter(sent_at=None, dropped="", due_at__lte=clock.now())


def _take() -> Mail | None:
    with transaction.atomic():
        free = _waiting().select_for_update(skip_locked=True, of=("self",))
        mail: Mail | None = free.select_related("conversation__ticket__inbox").order_by("due_at", "pk").first()
        if mail is None:
            return None
        if mail.unknown >= MOST_UNKNOWN:
            mail.dropped = "Whether it was sent is unknown, twice."
        mail.unknown += 1
        mail.attempts += 1
        mail.due_at = clock.now() + datetime.timedelta(seconds=TAKEN_SECONDS)
        mail.save(update_fields=["dropped", "unknown", "attempts", "due_at"])
    return mail


def _send(mail: Mail, connection: Any) -> int:
    inbox = mail.conversation.ticket.inbox
    try:
        text = text_of(mail)
    except Needless as reason:
        _drop(mail, str(reason))
        return 0
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("a mail waits: %r", error, extra={"away": "the mail server"})
        _try_later(mail, error)
        return 0
    try:
        connection.send_messages([letter(mail, inbox, text)])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        _refused(mail, error)
    except (OSError, smtplib.SMTPException) as error:
        # The server may have accepted the mail, so `unknown` keeps its count.
        logger.warning("a mail may have been sent or not: %s", type(error).__name__)
        connection.close()
    else:
        mail.sent_at, mail.unknown = clock.now(), 0
        mail.save(update_fields=["sent_at", "unknown"])
        return 1
    return 0


def _refused(mail: Mail, error: smtplib.SMTPException) -> None:
    codes = [code for code, _ in error.recipients.values()] if isinstance(error, smtplib.SMTPRecipientsRefused) else []
    code = codes[0] if codes else getattr(error, "smtp_code", 0)
    if code >= 500:
        _drop(mail, f"The mail server refused it ({code}).")
    else:
        logger.warning("a mail waits, for the mail server does not take it yet (%d)", code)
        _try_later(mail, error)


def _try_later(mail: Mail, error: Exception) -> None:
    if mail.attempts >= MOST_ATTEMPTS:
        _drop(mail, f"Tried {mail.attempts} times: {type(error).__name__}.")
        return
    seconds = min(LONGEST_WAIT_SECONDS, 5 * 2**mail.attempts)
    mail.due_at, mail.unknown = clock.now() + datetime.timedelta(seconds=seconds), mail.unknown - 1
    mail.save(update_fields=["due_at", "unknown"])


def _drop(mail: Mail, reason: str) -> None:
    mail.dropped = reason
    mail.save(update_fields=["dropped"])
