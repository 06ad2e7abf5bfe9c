"""Reporting a message, and closing reports."""

from django.db import transaction

from chat import clock
from chat.allowances.counting import counted
from chat.allowances.table import REPORTS
from chat.models import Act, File, Message, MessageKind, Report, User, Verdict
from chat.models.report import ReportQuerySet
from chat.rights.standing import keeps_channel, require_may, require_membership
from chat.rights.table import Right
from chat.services import audit, log
from delivery.wire.errors import Conflict, Invalid, NotFound

_ACTS = {Verdict.UPHELD: Act.REPORT_UPHELD, Verdict.DISMISSED: Act.REPORT_DISMISSED}


def report_message(reporter: User, *, channel: int, message: int, reason: str) -> tuple[Report, bool]:
    """A member reports another person's message; a second report returns the member's first one, and False.

    Keeps the message's present text, even if it changes later. Raises Invalid, NotFound, Forbidden, RateLimited.
    """
    reason = audit.checked_reason(reason)
    require_membership(reporter.pk, channel=channel)
    earlier = Report.objects.filter(message=message, message__channel=channel, reporter=reporter).first()
    if earlier is not None:
        return earlier, False
    # Under the channel's lock, so that the reported message can't be deleted at the same moment.
    with counted(REPORTS, reporter), log.writing(channel) as entry:
        require_membership(reporter.pk, channel=channel)
        row = Message.objects.filter(channel_id=channel, pk=message, kind=MessageKind.TEXT).first()
        if row is None:
            raise NotFound("There is no such message in this channel.")
        earlier = Report.objects.filter(message=row, reporter=reporter).first()
        if earlier is not None:
            return earlier, False
        log.require(row.sender_id != reporter.pk, "This message is your own: delete it instead.")
        log.require(row.deleted_at is None, "This message was deleted.")
        report = Report.objects.create(
            message=row,
            channel_id=channel,
            reporter=reporter,
            reason=reason,
            body=row.body,
            files=row.files,
            created_at=entry.now,
        )
        audit.record(
            Act.MESSAGE_REPORTED,
            actor=reporter,
            whom=row.sender_id,
            channel=channel,
            message=row.pk,
            reason=reason,
            details={"report": report.pk},
        )
    return report, True


def close_report(actor: User, *, report: int, verdict: str, reason: str) -> Report:
    """Closes a report as upheld or dismissed, with a reason, and all open reports of the same message. Repeating does nothing.

    Raises Invalid, NotFound (also for a user who does not moderate the channel), Forbidden, Conflict.
    """
    reason = audit.checked_reason(reason)
    if verdict not in Verdict.values:
        raise Invalid("A report is upheld or dismissed.")
    with transaction.atomic():
        row = Report.objects.select_related("message", "channel").filter(pk=report).first()
        if row is None or not keeps_channel(actor, channel=row.channel_id):
            raise NotFound("There is no such report.")
        require_may(actor, Right.CLOSE_REPORTS, channel=row.channel)
        log.require(row.message.sender_id != actor.pk, "This report is about you: somebody else must close it.")
        # Locks all reports of the case by number: a transaction that closes another one of them waits here, without other locks.
        _locked(Report.objects.filter(message=row.message_id))
        row.refresh_from_db(fields=["closed_at", "verdict"])
        if row.closed_at is not None:
            if row.verdict != verdict:
                raise Conflict(f"This report was {row.verdict} before.")
            return row
        close_case(row.message, actor=actor, verdict=verdict, reason=reason)
    row.refresh_from_db()
    return row


def close_case(message: Message, *, actor: User, verdict: str, reason: str) -> None:
    """Within a transaction: closes all open reports of the message with one verdict, and writes one line in the audit log.

    The next sweep deletes files that were kept as evidence.
    """
    rows = _locked(Report.objects.open().filter(message=message))
    if not rows:
        return
    closed = {"closed_at": clock.now(), "closed_by": actor, "verdict": verdict, "closing_reason": reason}
    Report.objects.filter(pk__in=[row.pk for row in rows]).update(**closed)
    File.objects.filter(evidence_of=message).update(evidence_of=None)
    audit.record(
        _ACTS[Verdict(verdict)],
        actor=actor,
        whom=message.sender_id,
        channel=message.channel_id,
        message=message.pk,
        reason=reason,
        details={"report": rows[0].pk, "reports": len(rows)},
    )


def is_open_case(message: Message) -> bool:
    """Whether a report of the message is open; locks it, so that a verdict waits until this transaction ends."""
    return bool(_locked(Report.objects.open().filter(message=message)))


def _locked(reports: ReportQuerySet) -> list[Report]:
    return list(reports.order_by("pk").select_for_update())
