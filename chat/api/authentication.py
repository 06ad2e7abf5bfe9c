"""`Authorization: Bearer <token>` for programs; browsers use their session and CSRF."""

from django.utils.encoding import force_str
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from chat.models import Token, User
from chat.reads.logins import token_of


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """None without a bearer token. Raises AuthenticationFailed for a token that is not valid."""
        scheme, _, secret = force_str(get_authorization_header(request), errors="replace").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = token_of(secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is not valid any more, or its account is not active.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="gapless"'
