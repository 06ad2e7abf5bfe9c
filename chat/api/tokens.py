"""Tokens of the caller's programs: created here, shown once, kept as a hash."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.allowances.attempts import count_sign_in
from chat.api.contract import documented
from chat.api.inputs import TokenInput, moment
from chat.api.pages import paged
from chat.api.users import caller, checked
from chat.models import Scope, Token


class Tokens(APIView):
    scopes = {"GET": Scope.TOKENS, "POST": Scope.TOKENS}

    @documented(shapes.CursorPage[shapes.Token])
    def get(self, request: Request) -> Response:
        """Lists the caller's tokens with their scopes, last use and expiry, without their secrets."""
        return paged(request, Token.objects.filter(user=caller(request)), shapes.token_of)

    @documented(
        {201: shapes.NewToken},
        takes=TokenInput(name="build bot", scopes=[Scope.READ, Scope.WRITE], expires_at="2027-11-23T00:00:00Z"),
        refuses=[409],
    )
    def post(self, request: Request) -> Response:
        """Creates a token: 201; `secret` is shown only here.

        A token that another token creates has no more scopes than its creator, and ends with it. In a session the scopes
        `moderate` and `tokens` need the caller's `password`.
        """
        given = checked(TokenInput, request)
        parent = request.auth if isinstance(request.auth, Token) else None
        if parent is None and services.needs_password(given.scopes):
            _prove(request, given.password)
        expires_at = moment(given.expires_at, field="expires_at")
        user = caller(request)
        token, secret = services.new_token(
            user,
            name=given.name,
            scopes=given.scopes,
            expires_at=expires_at,
            parent=parent,
            session_of=user if parent is None else None,
        )
        return Response(shapes.new_token_of(token, secret=secret), status=201)


class OneToken(APIView):
    scopes = {"DELETE": Scope.TOKENS}

    @documented({204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Revokes a token and all tokens that it has created; sockets of programs that use them are closed."""
        services.delete_token(caller(request), token=pk)
        return Response(status=204)


def _prove(request: Request, password: str) -> None:
    user = caller(request)
    if password:
        # A guess of the password here counts like a guess at the sign-in.
        count_sign_in(request._request, user.username)
    services.require_password(user, password=password)
