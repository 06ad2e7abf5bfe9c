"""Who signs in: one name and one password, looked at in the same time whatever becomes of it; and from where people do."""

import contextlib

from django.db import transaction

from chat import clock
from chat.models import Ban, SignInAddress, User
from chat.services.accounts import lock_own
from delivery.wire.errors import Forbidden

#: So many addresses of a person are remembered; the one that was not used for the longest is forgotten first.
MOST_ADDRESSES = 50


def check_sign_in(username: str, *, password: str) -> User:
    """The account of this name, in any case. Raises Forbidden with the sentence that is shown.

    One hash for everybody: the time tells neither who exists nor who is banned. With the right password one is told of a ban.
    """
    user = User.objects.named(username).first()
    # (somebody who does not exist has no password, which takes as long to be wrong)
    if not (user or User()).check_password(password) or user is None:
        raise Forbidden("That username and password don't fit together. Mind capital letters in the password.")
    if not user.is_active:
        ban = Ban.objects.standing().filter(user=user).first()
        raise Forbidden(f"This account is banned: {ban.reason}" if ban else "This account is not active.")
    return user


def note_sign_in(user: User, *, line: str) -> None:
    """The person has signed in from this address (of IPv6: this /64). Of who has lost their account meanwhile nothing is noted."""
    with contextlib.suppress(Forbidden), transaction.atomic():
        lock_own(user)
        SignInAddress.objects.update_or_create(user=user, line=line, defaults={"last_at": clock.now()})
        newest = user.sign_in_addresses.order_by("-last_at").values("pk")[:MOST_ADDRESSES]
        user.sign_in_addresses.exclude(pk__in=newest).delete()
