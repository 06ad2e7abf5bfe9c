"""Files: users upload them; a user who may see a file's message may download it."""

import shutil
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import documented
from chat.api.rendering import JSONParser
from chat.api.users import caller
from chat.files import services, storage
from chat.files.api.downloads import file_response
from chat.files.api.shapes import file_of
from chat.files.api.upload_allowance import count_upload, source_of
from chat.files.hooks import NOBODY, FileHooks
from chat.files.reads import file_for
from chat.files.sanitizing import SanitizedFile, sanitize, scratch
from chat.files.upload_exchange import Form, UploadExchange, exchange_of
from chat.models import User
from delivery.wire.errors import Invalid, NotFound

#: Bytes that a form may add to its file.
FORM_BYTES = 64 * 1024
FORM = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "string", "format": "binary"}},
        }
    }
}


class AnyKind(BaseContentNegotiation):
    """Accepts any Accept header: a file has one type only."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if parsers else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class Files(APIView):
    parser_classes = [JSONParser, MultiPartParser]
    for_visitors = frozenset({"POST"})
    hooks: FileHooks = NOBODY

    @documented({201: shapes.File}, takes_bytes=FORM, refuses=[408, 413, 415])
    def post(self, request: Request) -> Response:
        """Uploads a file as the part `file` of a multipart form: 201 with its id, which a message can use at once.

        The server takes the type from the content, and draws pictures anew without the cameras' metadata. Only the uploader sees
        the file until a message has it; without a message it is deleted after a day. Large files, poor connections:
        `files/uploads/`.
        """
        exchange, user = exchange_of(request), caller(request)
        desk, sanitized = self.hooks.desk_of(user), exchange.has() if exchange else None
        if sanitized is None:
            count_upload(user)
            # The form is a little longer than its file.
            announced = (exchange.content_length if exchange else None) or 0
            services.require_may_upload(user, size=max(0, announced - FORM_BYTES), desk=desk)
            if exchange:
                return wants_body(exchange, Form(settings.LIMITS.file_bytes), user)
            sanitized = _sanitized_here(request)
        return Response(file_of(services.store_file(user, sanitized, desk=desk)), status=201)


class OneFile(APIView):
    content_negotiation_class = AnyKind
    for_visitors = frozenset({"GET"})
    hooks: FileHooks = NOBODY

    @documented({200: None}, refuses=[416])
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Returns the bytes of a file, to its uploader and to users who may read its message.

        Pictures, sound and video that browsers show are sent inline, other files as a download. `Range` (206) and
        `If-None-Match` (304) work.
        """
        row = file_for(caller(request), pk, hooks=self.hooks)
        return file_response(request._request, row, name=storage.WHOLE)


class Preview(APIView):
    content_negotiation_class = AnyKind
    for_visitors = frozenset({"GET"})
    hooks: FileHooks = NOBODY

    @documented({200: None}, refuses=[416])
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Returns the small preview of a large picture."""
        row = file_for(caller(request), pk, hooks=self.hooks)
        if not row.has_preview:
            raise NotFound("This file has no preview.")
        return file_response(request._request, row, name=storage.PREVIEW)


def wants_body(exchange: UploadExchange, wanted: Any, user: User) -> Response:
    """Tells the server which bytes to receive. The server takes this 202 for itself; the client never sees it."""
    exchange.wants, exchange.source, exchange.is_from_outside = wanted, source_of(user), user.is_visitor
    return Response(status=202)


def _sanitized_here(request: Request) -> SanitizedFile:
    given = request.FILES.get("file")
    if given is None or given.file is None:
        raise Invalid("The form has no part `file` with a file.")
    content = scratch()
    shutil.copyfileobj(given.file, content)
    return sanitize(content, name=given.name or "")
