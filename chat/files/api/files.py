"""Files: given, and handed out to whoever may see the message that has them."""

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

#: What a form is around its file.
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
    """Bytes are what they are, whatever a reader would like best."""

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
        """Gives a file, as the part `file` of a multipart form: 201 with what a message names it by, usable at once.

        Its type is what its content says. Pictures are drawn anew, without what cameras write into them. Until a message takes
        it, within a day, nobody else sees it. For large files and poor connections: `files/uploads/`.
        """
        talk, user = talk_of(request), caller(request)
        desk, developed = self.beside.desk_of(user), talk.has() if talk else None
        if developed is None:
            count_upload(user)
            # A form is a little longer than its file.
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
        """The bytes of a file, for its giver and then for whoever may read its message.

        A download, but for pictures, sound and video that browsers show; `Range` (206) and `If-None-Match`
        (304) are understood.
        """
        row = file_for(caller(request), pk, beside=self.beside)
        return handed(request._request, row, name=storage.WHOLE)


class Preview(APIView):
    content_negotiation_class = AnyKind
    for_visitors = frozenset({"GET"})
    beside: Beside = NOBODY

    @documented({200: None}, refuses=[416])
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """The small picture of a large one."""
        row = file_for(caller(request), pk, beside=self.beside)
        if not row.has_preview:
            raise NotFound("This file has no preview.")
        return handed(request._request, row, name=storage.PREVIEW)


def wanting(talk: Talk, wanted: Any, user: User) -> Response:
    """Goes to the server and not to the client."""
    talk.wants, talk.source, talk.is_from_outside = wanted, source_of(user), user.is_visitor
    return Response(status=202)


def _developed_here(request: Request) -> Developed:
    given = request.FILES.get("file")
    if given is None or given.file is None:
        raise Invalid("The form has no part `file` with a file.")
    content = scratch()
    shutil.copyfileobj(given.file, content)
    return develop(content, name=given.name or "")
