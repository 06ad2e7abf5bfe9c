"""Tokens of the caller's programs: made here, shown once, kept as a hash."""

import datetime
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services
from chat.api import shapes
from chat.api.contract import Page, documented
from chat.api.inputs import TokenInput
from chat.api.pages import paged
from chat.api.scopes import scopes_of
from chat.api.users import caller, checked
from chat.models import Scope, Token
from chat.scopes import require_scope
from delivery.errors import Forbidden
from delivery.protocol import spell_time


class Tokens(APIView):
    scopes = {"GET": Scope.TOKENS, "POST": Scope.TOKENS}

    @documented(Page(shapes.Token))
    def get(self, request: Request) -> Response:
        """The caller's tokens with their scopes, last use and expiry; never the secrets."""
        return paged(request, Token.objects.filter(user=caller(request)), token_dict)

    @documented({201: shapes.NewToken}, takes=TokenInput, refuses=[409])
    def post(self, request: Request) -> Response:
        """201 with a new token: `secret` is shown this once. By a token, only one that may not do or outlive more than itself."""
        given = checked(TokenInput, request)
        expires_at = _bounded(request, given["scopes"], given["expires_at"])
        token, secret = services.new_token(
            caller(request), name=given["name"], scopes=given["scopes"], expires_at=expires_at
        )
        return Response({**token_dict(token), "secret": secret}, status=201)


class OneToken(APIView):
    scopes = {"DELETE": Scope.TOKENS}

    @documented({204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Ends a token: programs that came in with it are closed."""
        services.delete_token(caller(request), token=pk)
        return Response(status=204)


def token_dict(token: Token) -> dict[str, Any]:
    return {
        "id": token.pk,
        "name": token.name,
        "scopes": token.scopes,
        "created_at": spell_time(token.created_at),
        "last_used_at": spell_time(token.last_used_at),
        "expires_at": spell_time(token.expires_at),
    }


def _bounded(request: Request, scopes: list[str], expires_at: datetime.datetime | None) -> datetime.datetime | None:
    for scope in scopes:
        require_scope(scopes_of(request), scope)
    ends_at = request.auth.expires_at if isinstance(request.auth, Token) else None
    if ends_at is not None and expires_at is not None and expires_at > ends_at:
        raise Forbidden("A token can't make one that outlives it.")
    return expires_at or ends_at
