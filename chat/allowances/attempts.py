"""Counts tries without a login at the HTTP doors: signing in, signing up, guessing a password.

Only real tries count: an incomplete form is no try.
"""

import unicodedata

from django.http import HttpRequest

from chat.addresses import line_of
from chat.allowances.counting import count_try
from chat.allowances.table import SIGN_INS_OF_ADDRESS, SIGN_INS_OF_NAME, SIGN_UPS, STRANGE_SIGN_INS
from chat.models import SignInAddress


def count_sign_in(request: HttpRequest, username: str) -> None:
    """Counts one try of a password for this name, at any door, before the password is checked. Raises RateLimited."""
    line, name = line_of_request(request), spelled(username)
    count_try(SIGN_INS_OF_ADDRESS, line)
    # The answer tells the smallest allowance.
    count_try(SIGN_INS_OF_NAME, f"{line} {name}")
    if not SignInAddress.objects.of(name, line=line).exists():
        count_try(STRANGE_SIGN_INS, name, is_told=False)


def count_sign_up(request: HttpRequest) -> None:
    """Counts one try to create an account. Raises RateLimited."""
    count_try(SIGN_UPS, line_of_request(request))


def spelled(username: str) -> str:
    """The name in the form of look-ups: normalised, in one case, stripped."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def line_of_request(request: HttpRequest) -> str:
    """The IPv4 address or the IPv6 /64 of the request; empty if the server does not know it."""
    return line_of(request.META.get("REMOTE_ADDR") or "")
