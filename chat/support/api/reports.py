"""Reports on how the desk answers."""

import datetime

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import clock
from chat.api.contract import documented, one_of, text, whole
from chat.api.inputs import moment
from chat.api.pages import number
from chat.api.users import caller
from chat.support.reads.reports import GROUPINGS, USUAL_DAYS, report
from chat.support.shapes.report import SupportReport


class Reports(APIView):
    @documented(
        SupportReport,
        query={
            "from": text(f"What ended at this time or later; default: the last {USUAL_DAYS} days.", format="date-time"),
            "to": text("What ended before this time; default: now.", format="date-time"),
            "by": one_of(*GROUPINGS, default="day"),
            "inbox": whole("Only of this inbox."),
        },
    )
    def get(self, request: Request) -> Response:
        """For supervisors: returns how long customers waited and how they rated the answers, by inbox, agent or day."""
        asked = request.query_params
        until = moment(_whole_day(asked.get("to")), field="to") or clock.now()
        since = moment(_whole_day(asked.get("from")), field="from") or until - datetime.timedelta(days=USUAL_DAYS)
        by = asked.get("by", "day")
        return Response(report(caller(request), since=since, until=until, by=by, inbox=number(request, "inbox")))


def _whole_day(word: str | None) -> str | None:
    """A date without a time means midnight, UTC."""
    try:
        return None if word is None else f"{datetime.date.fromisoformat(word)}T00:00:00Z"
    except ValueError:
        return word
