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
from chat.files.api.counting import count_upload, source_of
from chat.files.api.handing import handed
from chat.files.api.shapes import file_of
from chat.files.beside import NOBODY, Beside
from chat.files.developing import Developed, develop, scratch
from chat.files.reads import file_for
from chat.files.talk import Form, Talk, talk_of
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
    beside: Beside = NOBODY

    @documented({201: shapes.File}, takes_bytes=FORM, refuses=[408, 413, 415])
    def post(self, request: Request) -> Response:
        """Uploads a file as the part `file` of a multipart form: 201 with its id, which a message can use at once.

        The server takes the type from the content, and draws pictures anew without the cameras' metadata. Only the uploader sees
        the file until a message has it; without a message it is deleted after a day. Large files, poor connections:
        `files/uploads/`.
        """
        talk, user = talk_of(request), caller(request)
        desk, developed = self.beside.desk_of(user), talk.has() if talk else None
        if developed is None:
            count_upload(user)
            # The form is a little longer than its file.
            announced = (talk.content_length if talk else None) or 0
            services.require_may_upload(user, size=max(0, announced - FORM_BYTES), desk=desk)
            if talk:
                return wanting(talk, Form(settings.LIMITS.file_bytes), user)
            developed = _developed_here(request)
        return Response(file_of(services.keep_file(user, developed, desk=desk)), status=201)


class OneFile(APIView):
    content_negotiation_class = AnyKind
    for_visitors = frozenset({"GET"})
    beside: Beside = NOBODY

    @documented({200: None}, refuses=[416])
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Returns the bytes of a file, to its uploader and to users who may read its message.

        Pictures, sound and video that browsers show are sent inline, other files as a download. `Range` (206) and
        `If-None-Match` (304) work.
        """
        row = file_for(caller(request), pk, beside=self.beside)
        return handed(request._request, row, name=storage.WHOLE)


class Preview(APIView):
    content_negotiation_class = AnyKind
    for_visitors = frozenset({"GET"})
    beside: Beside = NOBODY

    @documented({200: None}, refuses=[416])
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Returns the small preview of a large picture."""
        row = file_for(caller(request), pk, beside=self.beside)
        if not row.has_preview:
            raise NotFound("This file has no preview.")
        return handed(request._request, row, name=storage.PREVIEW)


def wanting(talk: Talk, wanted: Any, user: User) -> Response:
    """Tells the server which bytes to receive. The server takes this 202 for itself; the client never sees it."""
    talk.wants, talk.source, talk.is_from_outside = wanted, source_of(user), user.is_visitor
    return Response(status=202)


def _developed_here(request: Request) -> Developed:
    given = request.FILES.get("file")
    if given is None or given.file is None:
        raise Invalid("The form has no part `file` with a file.")
    content = scratch()
    shutil.copyfileobj(given.file, content)
    return develop(content, name=given.name or "")
