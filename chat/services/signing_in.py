"""Signing in: checks name and password in the same time for every outcome, and remembers the addresses of sign-ins."""

import contextlib

from django.db import transaction

from chat import clock
from chat.models import Ban, SignInAddress, User
from chat.services.accounts import lock_own
from delivery.wire.errors import Forbidden

#: How many addresses of a person are remembered; the one unused for the longest is forgotten first.
MOST_ADDRESSES = 50


def check_sign_in(username: str, *, password: str) -> User:
    """The account of this name, in any case. Raises Forbidden with the sentence to show.

    Every try computes one hash: the time tells neither who exists nor who is banned. Only with the right password the refusal
    tells of a ban.
    """
    user = User.objects.named(username).first()
    # (a missing account gets an unusable password, whose check takes as long)
    if not (user or User()).check_password(password) or user is None:
        raise Forbidden("Username or password is wrong. Check the capital letters in the password.")
    if not user.is_active:
        ban = Ban.objects.standing().filter(user=user).first()
        raise Forbidden(f"This account is banned: {ban.reason}" if ban else "This account is not active.")
    return user


def note_sign_in(user: User, *, line: str) -> None:
    """Notes that the person has signed in from this address (IPv6: this /64), unless their account was erased meanwhile."""
    with contextlib.suppress(Forbidden), transaction.atomic():
        lock_own(user)
        SignInAddress.objects.update_or_create(user=user, line=line, defaults={"last_at": clock.now()})
        newest = user.sign_in_addresses.order_by("-last_at").values("pk")[:MOST_ADDRESSES]
        user.sign_in_addresses.exclude(pk__in=newest).delete()
