"""Accounts: the row of who acts; what staff does to somebody's: who may, the row that it is done to, and its being off or on."""

from collections.abc import Callable

from django.db import transaction

from chat.models import User, UserKind
from chat.services.credentials import recheck_logins
from chat.services.receipts import settle_everywhere
from delivery.wire.errors import Forbidden, NotFound, Refused

#: What stands against the actor's doing it to this person; None when nothing does.
Refusal = Callable[[User | None, User], Refused | None]


def refusal_of(actor: User | None, user: User, *, right: str, to: str) -> Refused | None:
    """What stands against it for whoever has the right `to` do something; `actor` None: by the console."""
    if user.kind == UserKind.SYSTEM:
        return Forbidden("This is the server's own account: nobody signs in as it, and it stays as it is.")
    if actor is None:
        return None
    if not actor.has_perm(right):
        return _lacks_right(to)
    if actor.pk == user.pk:
        return Forbidden("You can't do this to yourself.")
    if user.is_staff and not actor.is_superuser:
        return Forbidden("Only a superuser does this to staff.")
    return None


def locked_account(actor: User | None, user: int, *, right: str, to: str, refusal: Refusal) -> User:
    """The person's row, locked, for who may. Raises NotFound, Forbidden: who may not learns not whether there is one."""
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
    """The row of who acts, as it is now, locked: one change of a person's lists at a time, so that each is bounded.

    Raises Forbidden for who was switched off or erased while they waited for it: nothing of theirs is written after that.
    """
    row = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not row.is_active:
        raise Forbidden("This account is not active.")
    return row


def switch(row: User, *, on: bool) -> None:
    """Within a transaction. Off: from its commit on no door lets them in, their sockets are closed, and nobody waits for them."""
    row.is_active = on
    User.objects.filter(pk=row.pk).update(is_active=on)
    transaction.on_commit(lambda: settle_everywhere(row.pk), robust=True)
    if not on:
        recheck_logins(row.pk)


def _lacks_right(to: str) -> Forbidden:
    return Forbidden(f"Only staff with the right to {to} may do this.")
