"""JSON in and out through msgspec: as strict as the socket, and with the same bytes for a message."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else msgspec.json.encode(data)


class Negotiation(DefaultContentNegotiation):
    """A client that accepts only application/problem+json gets JSON too when the answer is not a problem."""

    def get_accept_list(self, request: Request) -> list[str]:
        return [word.replace("problem+json", "json") for word in super().get_accept_list(request)]


class JSONParser(BaseParser):
    """Refuses with 400: NaN, lone surrogates, documents that are too deep or too large."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        most = settings.LIMITS.frame_bytes
        body = stream.read(most + 1)
        if len(body) > most:
            raise ParseError(f"The request body is larger than {most:,} bytes.")
        try:
            return msgspec.json.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
            raise ParseError(f"The request body can't be understood: {error}.") from None
