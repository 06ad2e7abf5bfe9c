"""What somebody without a login tries at the HTTP doors: signing in, signing up, guessing a password. Counted by django-ratelimit.

Only what was really tried is counted: a form that was not filled in is no try.
"""

import unicodedata
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django_ratelimit.core import get_usage

from chat.addresses import line_of
from chat.allowances.counting import tell
from chat.allowances.window import Usage
from chat.models import SignInAddress
from delivery.wire.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Tries:
    """So many in a window. `limit`: the field of settings.LIMITS; `period`: m or h, as django-ratelimit spells it."""

    group: str
    limit: str
    period: str


#: An office behind one address signs in on one morning.
OF_ADDRESS = Tries("sign-in-address", "address_sign_ins_per_minute", "m")
#: One guesser at one name: whoever guesses elsewhere does not lock the person out of their own address.
OF_NAME_AND_ADDRESS = Tries("sign-in-name-address", "sign_ins_per_minute", "m")
#: All guessers at one name together; addresses from which the person has signed in are not counted, and never refused by it.
OF_NAME_ELSEWHERE = Tries("sign-in-name", "strange_sign_ins_per_hour", "h")
OF_SIGN_UP = Tries("sign-up", "address_sign_ups_per_hour", "h")


def count_sign_in(request: HttpRequest, username: str) -> None:
    """One try of a password for this name, at whatever door, before it is looked at. Raises RateLimited."""
    line, name = line_of_request(request), spelled(username)
    _count(request, OF_ADDRESS, line)
    # The tightest one is what the answer tells.
    _count(request, OF_NAME_AND_ADDRESS, f"{line} {name}")
    if not SignInAddress.objects.of(name, line=line).exists():
        _count(request, OF_NAME_ELSEWHERE, name, is_told=False)


def count_sign_up(request: HttpRequest) -> None:
    """One account that is asked for. Raises RateLimited."""
    _count(request, OF_SIGN_UP, line_of_request(request))


def spelled(username: str) -> str:
    """A name as it is looked up: one spelling, one case, no spaces around it."""
    return unicodedata.normalize("NFKC", username).strip().casefold()


def line_of_request(request: HttpRequest) -> str:
    """The address of IPv4, the /64 of IPv6, from which somebody comes; empty where the server does not know."""
    return line_of(request.META.get("REMOTE_ADDR") or "")


def _count(request: HttpRequest, tries: Tries, key: str, *, is_told: bool = True) -> None:
    most = getattr(settings.LIMITS, tries.limit)
    if most == 0:
        return
    rate = f"{most}/{tries.period}"
    found = get_usage(request, group=tries.group, key=lambda group, request: key, rate=rate, increment=True)
    left = max(1, found["time_left"])
    if found["should_limit"]:
        raise RateLimited("That was tried too often: wait a while, then try once more.", retry_after=left, limit=most)
    if is_told:
        tell(Usage(most, max(0, most - found["count"]), left))
