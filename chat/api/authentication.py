"""`Authorization: Bearer <token>` for programs; browsers use their session and CSRF."""

from django.utils.encoding import force_str
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
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


class OutOfDate(PermissionDenied):
    """Without the X-CSRFToken that holds now: mostly a page of before the newest sign-in in its browser."""

    default_detail = "X-CSRFToken is missing or older than the newest sign-in, so nothing was done: reload the page."


class BrowserAuthentication(SessionAuthentication):
    def enforce_csrf(self, request: Request) -> None:
        """Raises OutOfDate, of which the answer brings the token that holds now: only pages of this site can read it."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise OutOfDate from None
