"""Tokens of programs: creating, using and ending them. A token also ends with its parent, or with its owner's password."""

import datetime
import secrets
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db import transaction

from chat import clock
from chat.allowances.counting import counted
from chat.allowances.table import SECRETS
from chat.models import VISIT, Scope, Token, User, UserKind
from chat.models.token import digest_of, usual_scopes
from chat.rights.scopes import require_scope
from chat.services.accounts import lock_own
from chat.services.credentials import recheck_logins
from delivery.wire.errors import Conflict, Forbidden, Invalid, NotFound

#: The beginning of every token, so that people and secret scanners recognise it.
TOKEN_PREFIX = "gapless_"  # noqa: S105 (a prefix, not a secret)
#: How often a token's last use is written at most.
LAST_USE_SECONDS = 60
#: A stranger at an open page must not create a token with these scopes: the token outlives the session and acts on others.
GRAVE_SCOPES = frozenset({Scope.MODERATE, Scope.TOKENS})


def create_token(
    user: User, *, name: str, scopes: Sequence[str] | None = None, expires_at: datetime.datetime | None = None
) -> str:
    """Creates a token and returns its secret, of which only the hash is stored. See new_token."""
    _, secret = new_token(user, name=name, scopes=scopes, expires_at=expires_at)
    return secret


def new_token(
    user: User,
    *,
    name: str,
    scopes: Sequence[str] | None = None,
    expires_at: datetime.datetime | None = None,
    parent: Token | None = None,
    session_of: User | None = None,
) -> tuple[Token, str]:
    """Creates a token; returns it with its secret. Without `scopes` it has all but `tokens`.

    The creator is `parent`, a token, with which it ends; or a session of `session_of`, the user as the session was checked.
    Raises Invalid, OutOfScope for more than the parent has, Forbidden for longer, Conflict for one too many, or RateLimited.
    """
    if user.kind != UserKind.PERSON:
        raise Forbidden("Only people have tokens; a visitor has the one token of the visit.")
    chosen = usual_scopes() if scopes is None else [scope for scope in Scope if scope in scopes]
    if not name.strip() or not chosen:
        raise Invalid("A token needs a name and at least one scope.")
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid("A token can't expire in the past.")
    if parent is not None:
        expires_at = _within(parent, chosen, expires_at)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with counted(SECRETS, user), transaction.atomic():
        row = lock_own(user)
        if session_of is not None and row.password != session_of.password:
            raise Forbidden("Your password has been changed just now: sign in with the new one.")
        _require_place(user, parent)
        fields = {"digest": digest_of(secret), "scopes": chosen, "expires_at": expires_at}
        token = Token.objects.create(user=user, name=name.strip(), parent=parent, **fields)
    return token, secret


def needs_password(scopes: Collection[str]) -> bool:
    """Whether a user must give their password to create a token with these scopes."""
    return not GRAVE_SCOPES.isdisjoint(scopes)


def note_use(digests: Collection[str]) -> None:
    """Notes that these tokens are in use, at most once a minute for each. It skips locked rows: their holder writes the same."""
    stale = clock.now() - datetime.timedelta(seconds=LAST_USE_SECONDS)
    with transaction.atomic():
        unused = Token.objects.filter(digest__in=digests).unused_since(stale).order_by("pk")
        found = list(unused.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
        if found:
            used = Token.objects.filter(pk__in=found)
            used.update(last_used_at=clock.now())
            # A visit is prolonged as long as the visitor comes back.
            used.filter(scopes=[VISIT]).update(expires_at=clock.now() + visit_time())


def visit_time() -> datetime.timedelta:
    """For how long a visit's token is valid after its last use."""
    return datetime.timedelta(days=settings.LIMITS.visit_days)


def delete_token(user: User, *, token: int) -> None:
    """Deletes a token and all tokens that it has created; sockets of programs that use them are closed. Raises NotFound."""
    with transaction.atomic():
        # Locks the owner's row, so that a token that is being deleted can't create another one.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        deleted, _ = Token.objects.filter(pk=token, user=user).delete()
        if not deleted:
            raise NotFound("You have no such token.")
        recheck_logins(user.pk)


def _require_place(user: User, parent: Token | None) -> None:
    if parent is not None and not Token.objects.standing().filter(pk=parent.pk).exists():
        raise Forbidden("The token that creates this one has just ended.")
    if Token.objects.filter(user=user).count() >= settings.LIMITS.tokens:
        raise Conflict(f"You have {settings.LIMITS.tokens} tokens: delete one that is not used any more.")


def _within(parent: Token, scopes: Collection[str], expires_at: datetime.datetime | None) -> datetime.datetime | None:
    for scope in scopes:
        require_scope(parent.scopes, scope)
    if parent.expires_at is not None and expires_at is not None and expires_at > parent.expires_at:
        raise Forbidden("A token can't create a token that outlives it.")
    return expires_at or parent.expires_at
