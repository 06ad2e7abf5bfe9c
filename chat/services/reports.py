"""Reporting a message, and closing reports."""

from django.db import transaction

from chat import clock
from chat.allowances.counting import counted
from chat.allowances.table import REPORTS
from chat.models import Act, Message, MessageKind, Report, User, Verdict
from chat.permissions import Right
from chat.services import audit, log
from chat.services.standing import require_may, require_membership
from delivery.errors import Conflict, Invalid, NotFound

_ACTS = {Verdict.UPHELD: Act.REPORT_UPHELD, Verdict.DISMISSED: Act.REPORT_DISMISSED}


def report_message(reporter: User, *, channel: int, message: int, reason: str) -> tuple[Report, bool]:
    """A member says what is wrong with somebody's message; once a person: a repeat returns the first, and False.

    Keeps what the message says now, whatever becomes of it. Raises Invalid, NotFound, Forbidden, RateLimited.
    """
    reason = audit.checked_reason(reason)
    require_membership(reporter.pk, channel=channel)
    earlier = Report.objects.filter(message=message, message__channel=channel, reporter=reporter).first()
    if earlier is not None:
        return earlier, False
    # Under the channel's lock: what is reported can't be deleted at the same moment.
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
            message=row, channel_id=channel, reporter=reporter, reason=reason, body=row.body, created_at=entry.now
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
    """Upheld or dismissed, with a reason; the same again does nothing. Raises Invalid, NotFound, Forbidden, Conflict."""
    reason = audit.checked_reason(reason)
    if verdict not in Verdict.values:
        raise Invalid("A report is upheld or dismissed.")
    with transaction.atomic():
        row = (
            Report.objects.select_for_update(of=["self"]).select_related("message", "channel").filter(pk=report).first()
        )
        if row is None:
            raise NotFound("There is no such report.")
        require_may(actor, Right.CLOSE_REPORTS, channel=row.channel)
        log.require(row.message.sender_id != actor.pk, "This is about yourself: somebody else closes it.")
        if row.closed_at is not None:
            if row.verdict != verdict:
                raise Conflict(f"This report was {row.verdict} before.")
            return row
        _close(row, actor=actor, verdict=verdict, reason=reason)
    return row


def uphold_reports_about(message: Message, *, actor: User, reason: str) -> None:
    """Within the transaction that deletes the message: what was reported has been dealt with."""
    for row in Report.objects.open().select_for_update(of=["self"]).select_related("message").filter(message=message):
        _close(row, actor=actor, verdict=Verdict.UPHELD, reason=reason)


def _close(row: Report, *, actor: User, verdict: str, reason: str) -> None:
    row.closed_at, row.closed_by, row.verdict, row.closing_reason = clock.now(), actor, verdict, reason
    row.save(update_fields=["closed_at", "closed_by", "verdict", "closing_reason"])
    audit.record(
        _ACTS[Verdict(verdict)],
        actor=actor,
        whom=row.message.sender_id,
        channel=row.channel_id,
        message=row.message_id,
        reason=reason,
        details={"report": row.pk},
    )
