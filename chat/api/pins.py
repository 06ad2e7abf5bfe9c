"""Pins of a channel: the list, and the same verbs as on the socket."""

import datetime

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented
from chat.api.pages import by_cursor, number, page_size
from chat.api.users import caller
from chat.models import Message
from chat.rights.standing import require_reader
from delivery.wire.errors import Invalid

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)


class Pins(APIView):
    @documented(shapes.CursorPage[shapes.Message])
    def get(self, request: Request, pk: int) -> Response:
        """Lists the pinned messages of a channel, the newest pin first."""
        size, cursor = page_size(request), number(request, "cursor")
        rows = Message.objects.pinned_in(pk)
        if cursor is not None:
            rows = rows.filter(pinned_at__lt=_moment(cursor))
        found = list(rows.for_the_wire().order_by("-pinned_at")[: size + 1])
        # After the rows: a user who loses the right while they are read gets none of them.
        require_reader(caller(request).pk, channel=pk)
        following = found[size - 1].pinned_at if len(found) > size else None
        place = None if following is None else (following - _EPOCH) // _MICROSECOND
        return by_cursor(request, [shapes.message_of(row) for row in found[:size]], place)


class Pin(APIView):
    @documented(shapes.Message, refuses=[409])
    def post(self, request: Request, pk: int, message: int) -> Response:
        """Pins the message and returns it. Repeating changes nothing."""
        return Response(shapes.message_of(services.pin_message(caller(request), channel=pk, message=message)))

    @documented(shapes.Message, refuses=[409])
    def delete(self, request: Request, pk: int, message: int) -> Response:
        """Unpins the message and returns it. Repeating changes nothing."""
        return Response(shapes.message_of(services.unpin_message(caller(request), channel=pk, message=message)))


def _moment(cursor: int) -> datetime.datetime:
    try:
        return _EPOCH + cursor * _MICROSECOND
    except OverflowError:
        raise Invalid("This cursor is none of ours: take it from next.") from None
