"""How verbs and doors count: `with counted(RENAMES, user):` around what a verb does. Who is exempt, and what is left, is here."""

import contextlib
import uuid
from collections.abc import Iterator
from contextvars import ContextVar

from django.conf import settings
from django.db.models import Q

from chat.allowances.table import Allowance, Whose
from chat.allowances.window import Answer, Usage, windows
from chat.middleware import caller
from chat.models import Door, User

_told: ContextVar[list[Usage] | None] = ContextVar("told", default=None)


@contextlib.contextmanager
def counted(allowance: Allowance | None, user: User | None) -> Iterator[None]:
    """Counts one act of a verb, unless the verb fails. Raises RateLimited with the true time until the next one.

    An act that is allowed costs one even if it changes nothing. Who is exempt, and the console, may as much as they like.
    No allowance: it is counted elsewhere. No user: the console does it.
    """
    if (
        allowance is None
        or user is None
        or caller.here().door == Door.COMMAND
        or allowance.most == 0
        or is_exempt(user)
    ):
        yield
        return
    key = uuid.uuid4().hex
    usage = admitted(allowance, windows().ask(allowance, user.pk, key))
    try:
        yield
    except BaseException:
        windows().forget(allowance, user.pk, key)
        raise
    tell(usage)


def unless_bulk(allowance: Allowance) -> Allowance | None:
    """The allowance of an act that keeps order: within a bulk act its rows are counted instead, which may be more."""
    return None if caller.here().is_bulk else allowance


def count(allowance: Allowance, user: User) -> Usage | None:
    """Counts one thing, whatever becomes of it; None where there is no limit. Raises RateLimited."""
    if allowance.most == 0 or is_exempt(user):
        return None
    return admitted(allowance, windows().ask(allowance, user.pk, uuid.uuid4().hex))


def count_try(allowance: Allowance, whose: Whose, *, is_told: bool = True) -> None:
    """Counts one try at a door, whatever becomes of it, for whom nobody knows yet. Raises RateLimited."""
    if allowance.most > 0:
        usage = admitted(allowance, windows().ask(allowance, whose, uuid.uuid4().hex))
        if is_told:
            tell(usage)


def admitted(allowance: Allowance, answer: Answer) -> Usage:
    """What is left, or RateLimited."""
    wait, usage = answer
    if wait >= 0:
        raise allowance.refusal(wait)
    return usage


@contextlib.contextmanager
def telling() -> Iterator[list[Usage]]:
    """Gathers what is left of the allowances that were counted within the block, for a door that says it."""
    gathered: list[Usage] = []
    token = _told.set(gathered)
    try:
        yield gathered
    finally:
        _told.reset(token)


def tell(usage: Usage) -> None:
    gathered = _told.get()
    if gathered is not None:
        gathered.append(usage)


def is_exempt(user: User) -> bool:
    return (settings.RATE_LIMIT_EXEMPT_STAFF and user.is_staff) or user.username in settings.RATE_LIMIT_EXEMPT_USERS


def exempt_users() -> set[int]:
    """Everybody to whom the settings grant an exemption."""
    named = Q(username__in=settings.RATE_LIMIT_EXEMPT_USERS)
    exempt = named | Q(is_staff=True) if settings.RATE_LIMIT_EXEMPT_STAFF else named
    return set(User.objects.filter(exempt).values_list("pk", flat=True))
