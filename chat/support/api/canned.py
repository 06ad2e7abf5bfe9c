"""Canned answers: the inbox's agents read them, its supervisors write them."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented, whole
from chat.api.inputs import or_none
from chat.api.pages import number, paged
from chat.api.users import caller, checked
from chat.models import Scope
from chat.shapes import CursorPage
from chat.support import services
from chat.support.api.inputs import CannedInput, CannedRevision
from chat.support.models import CannedAnswer
from chat.support.shapes import canned as told


class CannedAnswers(APIView):
    scopes = {"POST": Scope.MODERATE}

    @documented(CursorPage[told.CannedAnswer], query={"inbox": whole("Only of this inbox.")})
    def get(self, request: Request) -> Response:
        """Lists the canned answers of the caller's inboxes."""
        rows = CannedAnswer.objects.filter(inbox__in=services.inboxes_of(caller(request)))
        inbox = number(request, "inbox")
        return paged(request, rows if inbox is None else rows.filter(inbox=inbox), told.canned_of)

    @documented(
        {201: told.CannedAnswer},
        takes=CannedInput(inbox=3, code="hello", body="Hello {{visitor}}!"),
        refuses=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """For supervisors: creates a canned answer: 201."""
        given = checked(CannedInput, request)
        row = services.keep_canned_answer(caller(request), inbox=given.inbox, code=given.code, body=given.body)
        return Response(told.canned_of(row), status=201)


class OneCannedAnswer(APIView):
    scopes = {"PATCH": Scope.MODERATE, "DELETE": Scope.MODERATE}

    @documented(told.CannedAnswer, takes=CannedRevision(body="Hello {{visitor}}, {{agent}} here."), refuses=[409])
    def patch(self, request: Request, pk: int) -> Response:
        """For supervisors: changes the code or the body; fields that are left out stay."""
        given = checked(CannedRevision, request)
        row = services.keep_canned_answer(
            caller(request), answer=pk, code=or_none(given.code), body=or_none(given.body)
        )
        return Response(told.canned_of(row))

    @documented({204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """For supervisors: deletes a canned answer."""
        services.delete_canned_answer(caller(request), answer=pk)
        return Response(status=204)
