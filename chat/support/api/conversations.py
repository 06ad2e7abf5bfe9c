"""Conversations: begun by visitors."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented
from chat.api.pages import paged
from chat.api.users import caller, checked
from chat.models import Conversation
from chat.shapes import CursorPage
from chat.support import services, shapes
from chat.support.api.inputs import FirstMessage
from delivery.wire import ids


class Conversations(APIView):
    for_visitors = frozenset({"GET", "POST"})

    @documented(CursorPage[shapes.OwnConversation])
    def get(self, request: Request) -> Response:
        """A visitor's own, the newest first."""
        rows = Conversation.objects.filter(visitor=caller(request)).select_related("channel", "assignee")
        return paged(request, rows, shapes.own_conversation_of, newest_first=True)

    @documented(
        {201: shapes.OwnConversation, 200: shapes.OwnConversation},
        takes=FirstMessage(
            client_msg_id="0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10",
            body="Where is my parcel?",
            page="https://shop.example/orders/7",
            locale="en-GB",
        ),
        refuses=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """Begins a conversation with its first message, as a visitor: 201; a repeat of the same message finds it: 200."""
        given = checked(FirstMessage, request)
        conversation, is_new = services.begin(
            caller(request),
            client_msg_id=ids.read_uuid(given.client_msg_id),
            body=given.body,
            page=given.page,
            locale=given.locale,
        )
        conversation = Conversation.objects.select_related("channel", "assignee").get(pk=conversation.pk)
        return Response(shapes.own_conversation_of(conversation), status=201 if is_new else 200)
