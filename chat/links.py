"""Links for other people: invitations, and one-time password links."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from rest_framework.request import Request


def invite_url(secret: str, *, request: HttpRequest | Request | None = None) -> str:
    return _origin(request) + reverse("invite", args=[secret])


def password_url(secret: str, *, request: HttpRequest | Request | None = None) -> str:
    return _origin(request) + reverse("new_password", args=[secret])


def _origin(request: HttpRequest | Request | None) -> str:
    """The address by which the request has come, if that is one of ALLOWED_ORIGINS; else the address for everybody."""
    origin = f"{request.scheme}://{request.get_host()}" if request is not None else ""
    return origin if origin in settings.ALLOWED_ORIGINS else settings.PUBLIC_URL
