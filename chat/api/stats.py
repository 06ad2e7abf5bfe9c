"""The figures of one channel."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import documented
from chat.api.users import caller
from chat.models import Channel
from chat.reads.statistics import figures_of
from chat.rights.standing import standing_of
from delivery.wire.errors import NotFound


class Stats(APIView):
    @documented(shapes.Figures)
    def get(self, request: Request, pk: int) -> Response:
        """For members and moderators: returns messages a minute, active members, latency and errors of the last 5 minutes."""
        standing_of(caller(request), channel=pk)
        channel = Channel.objects.filter(pk=pk).first()
        if channel is None:
            raise NotFound
        return Response(figures_of(channel))
