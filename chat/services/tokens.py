"""Tokens of programs: made, used, and ended, by themselves, with their parent, or with the password of their owner."""

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

#: What a token begins with, so that people and secret scanners recognise one.
TOKEN_PREFIX = "gapless_"  # noqa: S105 (a prefix, not a secret)
#: A token's last use is written again after so long.
LAST_USE_SECONDS = 60
#: A stranger who has found an open page is not to make a token with these: tokens outlive it, and act on others.
GRAVE_SCOPES = frozenset({Scope.MODERATE, Scope.TOKENS})


def create_token(
    user: User, *, name: str, scopes: Sequence[str] | None = None, expires_at: datetime.datetime | None = None
) -> str:
    """A secret for a program of this user; it is shown this once, only its hash is kept. See new_token."""
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
    """A token and its secret. Without scopes it has all but `tokens`.

    Made by `parent`, a token, with which it ends; or by a session of `session_of`, the user as the session was checked.
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
    """Whether a person who makes a token with these has to prove anew who they are."""
    return not GRAVE_SCOPES.isdisjoint(scopes)


def note_use(digests: Collection[str]) -> None:
    """These tokens are in use; written once a minute a token. Waits for nobody: who holds a row is writing the same."""
    stale = clock.now() - datetime.timedelta(seconds=LAST_USE_SECONDS)
    with transaction.atomic():
        unused = Token.objects.filter(digest__in=digests).unused_since(stale).order_by("pk")
        found = list(unused.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
        if found:
            used = Token.objects.filter(pk__in=found)
            used.update(last_used_at=clock.now())
            # A visit goes on for as long as somebody comes back to it.
            used.filter(scopes=[VISIT]).update(expires_at=clock.now() + visit_time())


def visit_time() -> datetime.timedelta:
    """For how long a visit's token holds after its last use."""
    return datetime.timedelta(days=settings.LIMITS.visit_days)


def delete_token(user: User, *, token: int) -> None:
    """Programs that came in with it are closed, and so are those of all tokens that it has made. Raises NotFound."""
    with transaction.atomic():
        # Its owner's row: none is made by a token that is just deleted.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        deleted, _ = Token.objects.filter(pk=token, user=user).delete()
        if not deleted:
            raise NotFound("You have no such token.")
        recheck_logins(user.pk)


def _require_place(user: User, parent: Token | None) -> None:
    if parent is not None and not Token.objects.standing().filter(pk=parent.pk).exists():
        raise Forbidden("The token that makes this one has just ended.")
    if Token.objects.filter(user=user).count() >= settings.LIMITS.tokens:
        raise Conflict(f"You have {settings.LIMITS.tokens} tokens: delete one that is not used any more.")


def _within(parent: Token, scopes: Collection[str], expires_at: datetime.datetime | None) -> datetime.datetime | None:
    for scope in scopes:
        require_scope(parent.scopes, scope)
    if parent.expires_at is not None and expires_at is not None and expires_at > parent.expires_at:
        raise Forbidden("A token can't make one that outlives it.")
    return expires_at or parent.expires_at
