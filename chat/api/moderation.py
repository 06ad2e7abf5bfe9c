"""Reports and moderation: the queue, bulk acts with a reason, bans, and the audit log. The verbs check the rights."""

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import clock, services, shapes
from chat.api.contract import documented, one_of, text, whole
from chat.api.inputs import (
    BulkBan,
    BulkClosing,
    BulkDeletion,
    BulkMute,
    BulkReadmission,
    BulkRemoval,
    NewReport,
    Unset,
)
from chat.api.pages import number, paged
from chat.api.people import member_acted_on
from chat.api.users import caller, checked
from chat.models import SanctionKind, Scope, User, Verdict
from chat.reads import moderation
from chat.rights.table import Right
from chat.services.bulk import for_each_row
from delivery.wire.errors import Invalid


class Moderating(APIView):
    scopes = {"GET": Scope.MODERATE, "POST": Scope.MODERATE}


class Reports(APIView):
    @documented(
        {201: shapes.ReportReceipt, 200: shapes.ReportReceipt},
        takes=NewReport(channel=12, message=501, reason="spam"),
        refuses=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """Reports a message to the channel's moderators: 201. A user's second report of it is 200 with the first report."""
        given = checked(NewReport, request)
        report, is_new = services.report_message(
            caller(request), channel=given.channel, message=given.message, reason=given.reason
        )
        return Response(shapes.receipt_of(report), status=201 if is_new else 200)


class ModerationDesk(Moderating):
    @documented(shapes.Desk)
    def get(self, request: Request) -> Response:
        """Returns the number of `open_reports` that wait for the caller, and the caller's rights beyond single channels."""
        moderation.require_keeper(caller(request))
        return Response(moderation.desk_of(caller(request)))


class ReportQueue(Moderating):
    @documented(
        shapes.CursorPage[shapes.Report],
        query={"state": one_of("open", "closed", "all", default="open"), "channel": whole("Only of this channel.")},
    )
    def get(self, request: Request) -> Response:
        """Lists reports in channels that the caller moderates; `?state=open` (default, oldest first), `closed` or `all`.

        `?channel=`: only of this channel.
        """
        user = caller(request)
        moderation.require_keeper(user)
        state = request.query_params.get("state", "open")
        rows = moderation.reports_visible_to(user).cases()
        if state not in ("open", "closed", "all"):
            raise Invalid("state must be open, closed or all.")
        if state != "all":
            rows = rows.filter(closed_at__isnull=state == "open")
        rows = _of_channel(request, rows)
        return paged(request, rows, moderation.counted_report, newest_first=state != "open")


class OneReport(Moderating):
    @documented(shapes.ReportInFull)
    def get(self, request: Request, pk: int) -> Response:
        """Returns one report, with the messages around the reported one and its earlier versions."""
        return Response(moderation.report_in_full(moderation.report_visible_to(caller(request), pk), caller(request)))


class Closing(Moderating):
    @documented(
        shapes.BulkOutcome, takes=BulkClosing(reports=[3], verdict=Verdict.UPHELD, reason="spam"), refuses=[404, 409]
    )
    def post(self, request: Request) -> Response:
        """Closes reports as upheld or dismissed; needs a reason."""
        given = checked(BulkClosing, request)
        user, verdict, reason = caller(request), given.verdict, given.reason
        return _each(
            user, given.reports, lambda pk: services.close_report(user, report=pk, verdict=verdict, reason=reason)
        )


class Deletions(Moderating):
    @documented(shapes.BulkOutcome, takes=BulkDeletion(messages=[501, 502], reason="spam"), refuses=[404, 409])
    def post(self, request: Request) -> Response:
        """Deletes messages and upholds open reports about them; needs a reason."""
        given = checked(BulkDeletion, request)
        user, reason = caller(request), given.reason

        def delete(pk: int) -> None:
            channel = moderation.place_of_message(user, pk)
            services.delete_message(user, channel=channel, message=pk, reason=reason)

        return _each(user, given.messages, delete)


class Removals(Moderating):
    @documented(
        shapes.BulkOutcome, takes=BulkRemoval(channel=12, users=[2], reason="spam", minutes=1440), refuses=[404, 409]
    )
    def post(self, request: Request) -> Response:
        """Removes members of one channel; needs a reason. They return when a moderator adds them, or after `minutes`."""
        given = checked(BulkRemoval, request)
        user, channel, reason, until = caller(request), given.channel, given.reason, end_of(given.minutes)
        return _each(
            user,
            given.users,
            lambda pk: services.remove_member(
                user, channel=channel, user=member_acted_on(Right.REMOVE, user, channel, pk), until=until, reason=reason
            ),
        )


class Readmissions(Moderating):
    @documented(
        shapes.BulkOutcome,
        takes=BulkReadmission(channel=12, users=[2], reason="they have apologised"),
        refuses=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """Lifts removals from one channel, so that these users may join by themselves again; needs a reason."""
        given = checked(BulkReadmission, request)
        user, channel, reason = caller(request), given.channel, given.reason
        return _each(
            user,
            given.users,
            lambda pk: services.readmit_member(
                user, channel=channel, user=member_acted_on(Right.REMOVE, user, channel, pk), reason=reason
            ),
        )


class RemovedMembers(Moderating):
    @documented(shapes.CursorPage[shapes.Removal], query={"channel": whole("Only of this channel.")})
    def get(self, request: Request) -> Response:
        """Lists removed users who may not return yet, in channels that the caller moderates; `?channel=`."""
        return _standing(request, SanctionKind.REMOVAL, shapes.removal_of)


class Muting(Moderating):
    @documented(
        shapes.BulkOutcome, takes=BulkMute(channel=12, users=[2], reason="spam", minutes=60), refuses=[404, 409]
    )
    def post(self, request: Request) -> Response:
        """Mutes members of one channel for `minutes`: their messages are refused with `muted`. Needs a reason."""
        given = checked(BulkMute, request)
        return _mute(request, given, until=end_of(given.minutes))


class Unmuting(Moderating):
    @documented(
        shapes.BulkOutcome,
        takes=BulkReadmission(channel=12, users=[2], reason="they have apologised"),
        refuses=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """Lifts mutes in one channel; needs a reason."""
        return _mute(request, checked(BulkReadmission, request), until=None)


class Mutes(Moderating):
    @documented(shapes.CursorPage[shapes.Mute], query={"channel": whole("Only of this channel.")})
    def get(self, request: Request) -> Response:
        """Lists members who are muted now, in channels that the caller moderates; `?channel=`."""
        return _standing(request, SanctionKind.MUTE, moderation.mute_with_role)


class Bans(Moderating):
    @documented(shapes.CursorPage[shapes.Ban], query={"state": one_of("standing", "all", default="standing")})
    def get(self, request: Request) -> Response:
        """For staff: lists bans, newest first; `?state=standing` (default) or `all`."""
        rows = moderation.bans_visible_to(caller(request))
        if request.query_params.get("state", "standing") == "standing":
            rows = rows.standing()
        return paged(request, rows, shapes.ban_of, newest_first=True)

    @documented(shapes.BulkOutcome, takes=BulkBan(users=[2], reason="spam, again"), refuses=[404, 409])
    def post(self, request: Request) -> Response:
        """For staff: bans users; needs a reason. Their sockets are closed at once, and they can't sign in anywhere."""
        given = checked(BulkBan, request)
        user, reason = caller(request), given.reason
        return _each(user, given.users, lambda pk: services.ban_user(user, user=pk, reason=reason))


class LiftedBans(Moderating):
    @documented(shapes.BulkOutcome, takes=BulkBan(users=[2], reason="spam, again"), refuses=[404, 409])
    def post(self, request: Request) -> Response:
        """For staff: lifts bans; needs a reason."""
        given = checked(BulkBan, request)
        user, reason = caller(request), given.reason
        return _each(user, given.users, lambda pk: services.lift_ban(user, user=pk, reason=reason))


class MessageHistory(Moderating):
    @documented(shapes.MessageWithVersions)
    def get(self, request: Request, pk: int) -> Response:
        """For moderators: returns a message with its text before each edit."""
        row = moderation.kept_message(caller(request), pk)
        return Response(shapes.with_versions(row, moderation.versions_of(row)))


class AuditLog(Moderating):
    @documented(
        shapes.CursorPage[shapes.AuditEntry],
        query={
            "channel": whole("Only in this channel."),
            "whom": whole("Only acts on this user."),
            "actor": whole("Only acts by this user."),
            "act": text("Only acts of this kind."),
        },
    )
    def get(self, request: Request) -> Response:
        """Lists acts of moderation and changes of roles, newest first; `?channel=`, `?whom=`, `?actor=`, `?act=`.

        Only staff see addresses.
        """
        user = caller(request)
        rows = _of_channel(request, moderation.audit_visible_to(user))
        for name in ("whom", "actor"):
            asked = number(request, name)
            rows = rows if asked is None else rows.filter(**{f"{name}_id": asked})
        act = request.query_params.get("act")
        rows = rows.filter(act=act.replace("\x00", "")) if act else rows
        with_address = moderation.may_see_all(user, "chat.view_auditentry")
        return paged(
            request, rows, lambda row: shapes.audit_entry_of(row, with_address=with_address), newest_first=True
        )


def _each(user: User, ids: Iterable[int], act: Callable[[int], object]) -> Response:
    """Handles each row by itself and says what was done and what was refused. If nothing was done, the first refusal is raised."""
    done, refused = for_each_row(user, dict.fromkeys(ids), act)
    if refused and not done:
        raise refused[0][1]
    return Response(shapes.outcome_of(done, refused))


def _standing(request: Request, kind: SanctionKind, spelled: Callable[[Any], Any]) -> Response:
    moderation.require_keeper(caller(request))
    return paged(request, _of_channel(request, moderation.sanctions_visible_to(caller(request), kind)), spelled)


def end_of(minutes: int | Unset) -> datetime.datetime | None:
    """The time at which a sanction of `minutes` ends; None without `minutes`."""
    return None if isinstance(minutes, Unset) else clock.now() + datetime.timedelta(minutes=minutes)


def _mute(request: Request, given: BulkReadmission | BulkMute, *, until: datetime.datetime | None) -> Response:
    user, channel, reason = caller(request), given.channel, given.reason
    return _each(
        user,
        given.users,
        lambda pk: services.mute_member(
            user, channel=channel, user=member_acted_on(Right.MUTE, user, channel, pk), until=until, reason=reason
        ),
    )


def _of_channel(request: Request, rows: Any) -> Any:
    channel = number(request, "channel")
    return rows if channel is None else rows.filter(channel_id=channel)
