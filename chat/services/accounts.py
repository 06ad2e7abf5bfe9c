"""Accounts: the actor's own row, locked; and the staff's acts on other accounts: the right, the locked row, switching it off."""

from collections.abc import Callable

from django.db import transaction

from chat.models import User, UserKind
from chat.services.credentials import recheck_logins
from chat.services.receipts import settle_everywhere
from delivery.wire.errors import Forbidden, NotFound, Refused

#: Returns the refusal of the actor's act on this person, or None if the actor may do it.
Refusal = Callable[[User | None, User], Refused | None]


def refusal_of(actor: User | None, user: User, *, right: str, to: str) -> Refused | None:
    """The refusal of an act that needs the right `to`, or None if the actor may do it. `actor` None: the console."""
    if user.kind == UserKind.SYSTEM:
        return Forbidden("This is the server's own account: nobody can sign in with it or change it.")
    if actor is None:
        return None
    if not actor.has_perm(right):
        return _lacks_right(to)
    if actor.pk == user.pk:
        return Forbidden("You can't do this to yourself.")
    if user.is_staff and not actor.is_superuser:
        return Forbidden("Only a superuser can do this to staff.")
    return None


def locked_account(actor: User | None, user: int, *, right: str, to: str, refusal: Refusal) -> User:
    """The person's row, locked. Raises Forbidden before NotFound: an actor without the right does not learn who exists."""
    if actor is not None and not actor.has_perm(right):
        raise _lacks_right(to)
    row = User.objects.select_for_update(no_key=True).filter(pk=user).first()
    if row is None:
        raise NotFound("There is no such user.")
    refused = refusal(actor, row)
    if refused is not None:
        raise refused
    return row


def lock_own(user: User) -> User:
    """The actor's own row, fresh and locked: a person's lists change one act at a time, so that each list stays bounded.

    Raises Forbidden if the actor was switched off or erased while waiting for the lock: nothing of theirs is written after that.
    """
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not row.is_active:
        raise Forbidden("This account is not active.")
    return row


def set_active(row: User, *, on: bool) -> None:
    """Within a transaction. Off: from the commit on the person can't sign in, their sockets close, receipts don't wait for them."""
    row.is_active = on
    User.objects.filter(pk=row.pk).update(is_active=on)
    transaction.on_commit(lambda: settle_everywhere(row.pk), robust=True)
    if not on:
        recheck_logins(row.pk)


def _lacks_right(to: str) -> Forbidden:
    return Forbidden(f"Only staff with the right to {to} may do this.")
