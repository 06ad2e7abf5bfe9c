"""`manage.py receive_mail`: takes one mail from standard input, for postfix, fetchmail and others that hand mails to a program."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from chat.middleware import caller
from chat.models import Door
from chat.support.services.receiving import receive_mail
from delivery.wire.errors import NotFound, Refused

#: What mail servers understand (sysexits.h): bounced as malformed, for nobody here, not allowed; kept, and tried again.
MALFORMED, NOBODY, NOT_ALLOWED, AGAIN = 65, 67, 77, 75


class Command(BaseCommand):
    help = (
        "Reads one mail from standard input and posts it in the conversation of its address. Auto-replies, bounces and list mails "
        "are dropped. Repeating is safe: each mail is posted once. Exit codes like sendmail: 0 accepted or dropped; 65, 67 and 77 "
        "refused, with the reason; 75 try again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", action="append", default=[], help="an envelope recipient; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read(settings.LIMITS.mail_bytes + 1)
        try:
            with caller.with_origin(Door.MAIL, None):
                said = receive_mail(raw, recipients=options["to"])
        except Refused as refusal:
            raise CommandError(refusal.detail, returncode=_code(refusal)) from None
        except OperationalError:
            raise CommandError("PostgreSQL is away: try again.", returncode=AGAIN) from None
        self.stdout.write(f"{said} messages." if said else "Dropped: a machine wrote it.")


def _code(refusal: Refused) -> int:
    if refusal.retry_after is not None:
        return AGAIN
    if isinstance(refusal, NotFound):
        return NOBODY
    return NOT_ALLOWED if refusal.status == 403 else MALFORMED
