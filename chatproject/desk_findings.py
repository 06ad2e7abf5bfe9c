"""The doctor's findings about the support desk: overdue work, collecting customers' mails, and room for their files."""

import datetime
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Sum

from chat import clock
from chat.models import File
from chat.support.clockwork.lateness import lateness
from chat.support.models import Inbox, Mailbox
from chatproject.findings import Finding

#: While a web process runs, due work is done within about a second; later it is a finding; seconds.
MOST_LATE = 10.0
#: While a web process runs, it looks into a mailbox every `mailbox_seconds`; if it is so much later, none does.
MOST_LATE_MAILBOX = 300
#: The share of `inbox_megabytes` from which an operator should free space.
NEARLY_FULL = 0.8


def clockwork() -> Iterator[Finding]:
    late = {what: seconds for what, seconds in lateness().items() if seconds > MOST_LATE}
    for what, seconds in late.items():
        says = f"{what} have been due for {seconds:.0f} s, and no process handles them."
        yield Finding(
            "clockwork", "warning", says, "Check that a web process runs, and what its log says about the clockwork."
        )
    if not late:
        yield Finding("clockwork", "ok", "nothing at the support desk is overdue")


def mailboxes() -> Iterator[Finding]:
    rows = {row.address: row for row in Mailbox.objects.all()}
    for address in map(str, settings.IMAP_URL):
        yield from _mailbox(address, rows.get(address))


def _mailbox(address: str, row: Mailbox | None) -> Iterator[Finding]:
    late = clock.now() - datetime.timedelta(seconds=settings.LIMITS.mailbox_seconds + MOST_LATE_MAILBOX)
    if row is not None and row.failing_since is not None:
        says = f"mails of {address} are not collected since {row.failing_since:%Y-%m-%d %H:%M} UTC: {row.problem}"
        yield Finding("mailboxes", "wrong", says, "Correct it on the mail server, or correct IMAP_URL.")
    elif row is None or row.collected_at is None or row.collected_at < late:
        yield Finding("mailboxes", "warning", f"no process looks into {address}", "Check that a web process runs.")
    else:
        yield Finding("mailboxes", "ok", f"mails of {address} are collected")
    if row is not None and row.put_aside:
        says = f"{row.put_aside:,} mails in {address} were refused"
        yield Finding(
            "mailboxes", "warning", says, "Read them there: they are flagged, and unread. Then mark them as read."
        )


def rooms_of_inboxes() -> Iterator[Finding]:
    most = settings.LIMITS.inbox_megabytes * 2**20
    sums = File.objects.held().exclude(desk=None).values_list("desk").annotate(bytes=Sum("size"))
    held = {desk: size for desk, size in sums if size >= most * NEARLY_FULL}
    for inbox in Inbox.objects.filter(desk__in=held).order_by("name"):
        says = f"what customers of {inbox.name} gave has {held[inbox.desk_id] / 2**20:,.0f} of {most / 2**20:,.0f} MB"
        do = "Let the inbox keep resolved conversations for fewer days, or raise GAPLESS_LIMIT_INBOX_MEGABYTES."
        yield Finding("inboxes", "warning", f"{says}: when it is full, no more of their files are taken", do)
    if not held:
        yield Finding("inboxes", "ok", "there is room for customers' files")
