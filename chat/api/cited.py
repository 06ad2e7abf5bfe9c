"""Messages by their addresses, for clients that show the message that a link cites."""

import re

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import documented, text
from chat.api.pages import listed
from chat.api.users import caller
from chat.reads.cited import cited
from delivery.wire.errors import Invalid

_PLACE = re.compile(r"([1-9][0-9]{0,17})\.([1-9][0-9]{0,17})", re.ASCII)


class Cited(APIView):
    @documented(
        shapes.Page[shapes.Message],
        query={"at": text("The places of the messages, as channel.seq.", required=True, example="12.341,12.340")},
    )
    def get(self, request: Request) -> Response:
        """Returns the messages at these places, at most 100. Messages that the caller may not see are left out."""
        rows = cited(caller(request).pk, _places(request.query_params.get("at", "")))
        return listed(
            shapes.Page(
                results=[shapes.message_of(row) for row in rows],
                next=None,
                previous=None,
                has_more=False,
            )
        )


def _places(given: str) -> set[tuple[int, int]]:
    places = {_place(part) for part in given.split(",")}
    if len(places) > settings.LIMITS.page_most:
        raise Invalid(f"at takes {settings.LIMITS.page_most} places at most.")
    return places


def _place(part: str) -> tuple[int, int]:
    found = _PLACE.fullmatch(part)
    if found is None:
        raise Invalid("at is a list of places, each spelled channel.seq.")
    return int(found[1]), int(found[2])
