"""Reports, and what moderators see with them."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from chat import models
from chat.shapes.channel import TEAM, ChannelBrief, brief_of
from chat.shapes.message import FILE, MESSAGE, File, Message, message_of
from chat.shapes.person import ALICE, person_if_any
from chat.shapes.words import THEN, Id, VerdictName
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time


class ReportReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The report, as its reporter gets it."""

    id: Id
    channel: Id
    message: Id
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report, as the channel's moderators see it."""

    id: Id
    channel: ChannelBrief
    message: Message
    reported_body: Annotated[str, msgspec.Meta(description="The message's text when it was reported.")]
    reported_files: Annotated[
        list[File],
        msgspec.Meta(
            description="The message's files then. If it was deleted since, they are kept while a report is open."
        ),
    ]
    reporter: Person | None
    reason: str
    reports_of_the_message: int
    created_at: Time
    closed_at: Time | None
    closed_by: Person | None
    verdict: VerdictName | None
    closing_reason: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A message's text before an edit or its deletion."""

    number: int
    body: str
    written_at: Time
    replaced_at: Time


class ReportInFull(Report, frozen=True, kw_only=True):
    """A report with the messages around the reported one, and its earlier versions."""

    context: list[Message]
    versions: list[Version]


class MessageWithVersions(msgspec.Struct, frozen=True, kw_only=True):
    """A message with its text before each edit."""

    message: Message
    versions: list[Version]


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The work that waits for a moderator."""

    open_reports: int
    may_ban: bool
    moderates_everywhere: bool


RECEIPT = ReportReceipt(id=3, channel=12, message=501, reason="spam")
REPORT = Report(
    id=3,
    channel=TEAM,
    message=MESSAGE,
    reported_body="Buy cheap watches",
    reported_files=[FILE],
    reporter=ALICE,
    reason="spam",
    reports_of_the_message=2,
    created_at=THEN,
    closed_at=None,
    closed_by=None,
    verdict=None,
    closing_reason="",
)
VERSION = Version(number=1, body="The build is gren.", written_at=THEN, replaced_at=THEN)
REPORT_IN_FULL = ReportInFull(**msgspec.structs.asdict(REPORT), context=[MESSAGE], versions=[VERSION])
MESSAGE_WITH_VERSIONS = MessageWithVersions(message=MESSAGE, versions=[VERSION])
DESK = Desk(open_reports=2, may_ban=True, moderates_everywhere=False)


def receipt_of(row: models.Report) -> ReportReceipt:
    return ReportReceipt(id=row.pk, channel=row.channel_id, message=row.message_id, reason=row.reason)


def report_of(row: models.Report, *, reports_of_the_message: int) -> Report:
    """Needs `message__sender`, `channel` and the people selected along."""
    return Report(
        id=row.pk,
        channel=brief_of(row.channel),
        message=message_of(row.message),
        reported_body=row.body,
        reported_files=msgspec.convert(row.files or [], list[File]),
        reporter=person_if_any(row.reporter),
        reason=row.reason,
        reports_of_the_message=reports_of_the_message,
        created_at=spell_time(row.created_at),
        closed_at=spell_time(row.closed_at),
        closed_by=person_if_any(row.closed_by),
        verdict=row.verdict or None,
        closing_reason=row.closing_reason,
    )


def in_full(
    report: Report, *, context: Iterable[models.Message], versions: Iterable[models.MessageVersion]
) -> ReportInFull:
    return ReportInFull(
        **msgspec.structs.asdict(report),
        context=[message_of(row) for row in context],
        versions=[version_of(row) for row in versions],
    )


def version_of(row: models.MessageVersion) -> Version:
    return Version(
        number=row.number,
        body=row.body,
        written_at=spell_time(row.written_at),
        replaced_at=spell_time(row.replaced_at),
    )


def with_versions(row: models.Message, versions: Iterable[models.MessageVersion]) -> MessageWithVersions:
    return MessageWithVersions(message=message_of(row), versions=[version_of(version) for version in versions])
