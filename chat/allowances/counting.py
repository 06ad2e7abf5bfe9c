"""Counting, for verbs and doors: `with counted(RENAMES, user):` around a verb's work. Also exemptions, and rests of allowances."""

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

_collected: ContextVar[list[Usage] | None] = ContextVar("told", default=None)


@contextlib.contextmanager
def counted(allowance: Allowance | None, user: User | None) -> Iterator[None]:
    """Counts one act of a verb, unless the verb fails. Raises RateLimited with the true time until the next one.

    A successful act costs one even if it changes nothing. Exempt users and the console have no limit.
    No allowance: another place counts the act. No user: the console acts.
    """
    if (
        allowance is None
        or user is None
        or caller.current_origin().door == Door.COMMAND
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
    note_usage(usage)


def unless_bulk(allowance: Allowance) -> Allowance | None:
    """The allowance of an act of moderation; None within a bulk act, which counts its rows instead, with a larger allowance."""
    return None if caller.current_origin().is_bulk else allowance


def count(allowance: Allowance, user: User, *, key: str = "") -> Usage | None:
    """Counts one thing, also if it fails later; None without a limit. The same `key` again costs nothing. Raises RateLimited."""
    if allowance.most == 0 or is_exempt(user):
        return None
    return admitted(allowance, windows().ask(allowance, user.pk, key or uuid.uuid4().hex))


def count_try(allowance: Allowance, whose: Whose, *, is_told: bool = True) -> None:
    """Counts one try of an unknown caller at a door, also if it fails. Raises RateLimited."""
    if allowance.most > 0:
        usage = admitted(allowance, windows().ask(allowance, whose, uuid.uuid4().hex))
        if is_told:
            note_usage(usage)


def admitted(allowance: Allowance, answer: Answer) -> Usage:
    """The rest of the allowance. Raises RateLimited."""
    wait, usage = answer
    if wait >= 0:
        raise allowance.refusal(wait)
    return usage


@contextlib.contextmanager
def collecting_usage() -> Iterator[list[Usage]]:
    """Collects the usage of all allowances that are counted within the block, for the headers of an answer."""
    gathered: list[Usage] = []
    token = _collected.set(gathered)
    try:
        yield gathered
    finally:
        _collected.reset(token)


def note_usage(usage: Usage) -> None:
    """Adds a usage to the surrounding `collecting_usage`, if there is one."""
    gathered = _collected.get()
    if gathered is not None:
        gathered.append(usage)


def is_exempt(user: User) -> bool:
    return (settings.RATE_LIMIT_EXEMPT_STAFF and user.is_staff) or user.username in settings.RATE_LIMIT_EXEMPT_USERS


def exempt_users() -> set[int]:
    """All users whom the settings exempt."""
    named = Q(username__in=settings.RATE_LIMIT_EXEMPT_USERS)
    exempt = named | Q(is_staff=True) if settings.RATE_LIMIT_EXEMPT_STAFF else named
    return set(User.objects.filter(exempt).values_list("pk", flat=True))
