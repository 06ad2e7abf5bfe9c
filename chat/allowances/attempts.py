"""What somebody without a login tries at the HTTP doors: signing in, signing up, guessing a password.

Only what was really tried is counted: a form that was not filled in is no try.
"""

import unicodedata

from django.http import HttpRequest

from chat.addresses import line_of
from chat.allowances.counting import count_try
from chat.allowances.table import SIGN_INS_OF_ADDRESS, SIGN_INS_OF_NAME, SIGN_UPS, STRANGE_SIGN_INS
from chat.models import SignInAddress


def count_sign_in(request: HttpRequest, username: str) -> None:
    """One try of a password for this name, at whatever door, before it is looked at. Raises RateLimited."""
    line, name = line_of_request(request), spelled(username)
    count_try(SIGN_INS_OF_ADDRESS, line)
    # The tightest one is what the answer tells.
    count_try(SIGN_INS_OF_NAME, f"{line} {name}")
    if not SignInAddress.objects.of(name, line=line).exists():
        count_try(STRANGE_SIGN_INS, name, is_told=False)


def count_sign_up(request: HttpRequest) -> None:
    """One account that is asked for. Raises RateLimited."""
    count_try(SIGN_UPS, line_of_request(request))


def spelled(username: str) -> str:
    """A name as it is looked up: one spelling, one case, no spaces around it."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def line_of_request(request: HttpRequest) -> str:
    """The address of IPv4, the /64 of IPv6, from which somebody comes; empty where the server does not know."""
    return line_of(request.META.get("REMOTE_ADDR") or "")
