"""The messages that mention the caller."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import documented
from chat.api.pages import paged
from chat.api.users import caller
from chat.models import Mention


class OwnMentions(APIView):
    @documented(shapes.CursorPage[shapes.Message])
    def get(self, request: Request) -> Response:
        """Lists messages that mention the caller or everybody, newest first, in the channels that the caller is in now."""
        found = Mention.objects.visible_to(caller(request)).select_related("message__sender").defer("message__folded")
        return paged(request, found, lambda row: shapes.message_of(row.message), by="message_id", newest_first=True)
