"""Uploads in pieces, for large files and poor connections: a client begins with name and size, and continues after each break."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat.api.contract import documented, whole
from chat.api.pages import number
from chat.api.users import caller, checked
from chat.files import services
from chat.files.api import shapes
from chat.files.api.files import wants_body
from chat.files.api.upload_allowance import count_upload
from chat.files.hooks import NOBODY, FileHooks
from chat.files.sanitizing import SanitizedFile, sanitize
from chat.files.services.pieces import received, require_goes_on
from chat.files.upload_exchange import Body, Work, exchange_of
from chat.models import File
from delivery.wire.errors import Invalid, TooBig, UnsupportedType

PIECE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class Uploads(APIView):
    for_visitors = frozenset({"POST"})
    hooks: FileHooks = NOBODY

    @documented({201: shapes.Upload}, takes=shapes.UploadInput(name="plan.pdf", size=48_211), refuses=[413])
    def post(self, request: Request) -> Response:
        """Begins an upload of exactly `size` bytes, which count against the quota at once. It is deleted after a day."""
        given, user = checked(shapes.UploadInput, request), caller(request)
        count_upload(user)
        row = services.begin_upload(user, name=given.name, size=given.size, desk=self.hooks.desk_of(user))
        return Response(shapes.upload_of(row), status=201)


class OneUpload(APIView):
    for_visitors = frozenset({"GET", "PATCH", "DELETE"})

    @documented(shapes.Upload)
    def get(self, request: Request, pk: int) -> Response:
        """Says how many bytes have arrived; `file` is there once all have."""
        return Response(shapes.upload_of(services.upload_of(caller(request), pk)))

    @documented(
        shapes.Upload,
        takes_bytes=PIECE,
        query={"offset": whole("Where this piece begins: as many bytes as have come.", required=True)},
        refuses=[409, 413, 415],
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Sends the next piece, of any size. What arrived of an interrupted piece is kept: GET says where to continue.

        The answer to the last piece has the file in `file`.
        """
        user, exchange = caller(request), exchange_of(request)
        offset, row = number(request, "offset"), services.upload_of(user, pk)
        if offset is None:
            raise Invalid("Say where the piece begins: ?offset=.")
        if exchange is None:
            raise Invalid("Pieces are taken by `manage.py serve` and `runserver` alone.")
        try:
            got = exchange.has()
        except (Invalid, TooBig, UnsupportedType):
            # All bytes are there, but no file can be made of them.
            if received(row) == row.size:
                services.give_up_upload(user, pk)
            raise
        if isinstance(got, SanitizedFile):
            return Response(shapes.upload_of(services.finish_upload(row, got)))
        if got is None:
            if row.whole_at is not None and offset == row.size:
                return Response(shapes.upload_of(row))
            require_goes_on(row, offset=offset)
            return wants_body(exchange, Body(row.size - offset), user)
        row = services.take_piece(user, pk, offset=offset, content=got)
        if received(row) < row.size:
            return Response(shapes.upload_of(row))
        return wants_body(exchange, Work(lambda: _sanitized(row)), user)

    @documented({204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Cancels the upload: what has arrived is deleted."""
        services.give_up_upload(caller(request), pk)
        return Response(status=204)


def _sanitized(row: File) -> SanitizedFile:
    return sanitize(services.assembled(row), name=row.name)
