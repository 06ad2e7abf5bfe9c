"""The messages that the caller has saved."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented, whole
from chat.api.inputs import SavedInput
from chat.api.pages import number, paged
from chat.api.users import caller, checked
from chat.models import Saved
from delivery.wire.errors import Invalid


class SavedMessages(APIView):
    @documented(shapes.CursorPage[shapes.Message])
    def get(self, request: Request) -> Response:
        """Lists the messages that the caller has saved, the last saved first, in channels that the caller is in now."""
        found = Saved.objects.visible_to(caller(request)).select_related("message__sender").defer("message__folded")
        return paged(request, found, lambda row: shapes.message_of(row.message), newest_first=True)

    @documented({201: shapes.Message, 200: shapes.Message}, takes=SavedInput(message=501), refuses=[404])
    def post(self, request: Request) -> Response:
        """Saves a message, for the caller only: 201 with the message, 200 if it was saved already."""
        row, is_new = services.save_message(caller(request), message=checked(SavedInput, request).message)
        return Response(shapes.message_of(row), status=201 if is_new else 200)

    @documented({204: None}, query={"message": whole("The saved message.", required=True, example=501)}, refuses=[404])
    def delete(self, request: Request) -> Response:
        """Removes a message from the list; repeating does nothing."""
        message = number(request, "message")
        if message is None:
            raise Invalid("Say which: ?message= with its id.")
        services.forget_saved(caller(request), message=message)
        return Response(status=204)


class OneSaved(APIView):
    @documented({204: None})
    def delete(self, request: Request, message: int) -> Response:
        """Removes the message from the list of saved messages; repeating does nothing."""
        services.forget_saved(caller(request), message=message)
        return Response(status=204)
