"""Passwords and tokens: what signs somebody in, and how it ends; whoever is connected by it is closed at once."""

import datetime
import secrets
from collections.abc import Collection, Sequence

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from chat import clock
from chat.models import Scope, Token, User
from chat.models.token import digest_of, usual_scopes
from delivery import node
from delivery.announcements import SignedOut
from delivery.errors import Conflict, Invalid, NotFound

#: What a token begins with, so that people and secret scanners recognise one.
TOKEN_PREFIX = "gapless_"  # noqa: S105 (a prefix, not a secret)
#: A token's last use is written again after so long.
LAST_USE_SECONDS = 60


def change_password(user: User, *, password: str) -> User:
    """Ends all sessions of the user (the caller may renew its own); tokens stay. Raises Invalid with the reasons."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from None
    user.set_password(password)
    # Saving rings: see LoginsEndWithThePassword.
    user.save(update_fields=["password"])
    return user


def create_token(
    user: User, *, name: str, scopes: Sequence[str] | None = None, expires_at: datetime.datetime | None = None
) -> str:
    """A secret for a program of this user; it is shown this once, only its hash is kept. See new_token."""
    _, secret = new_token(user, name=name, scopes=scopes, expires_at=expires_at)
    return secret


def new_token(
    user: User, *, name: str, scopes: Sequence[str] | None = None, expires_at: datetime.datetime | None = None
) -> tuple[Token, str]:
    """A token and its secret. Without scopes it has all but `tokens`. Raises Invalid, or Conflict for one too many."""
    chosen = usual_scopes() if scopes is None else [scope for scope in Scope if scope in scopes]
    if not name.strip() or not chosen:
        raise Invalid("A token needs a name and at least one scope.")
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid("A token can't expire in the past.")
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        # Its owner's row is locked, so that two at once can't make one too many.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if Token.objects.filter(user=user).count() >= settings.LIMITS.tokens:
            raise Conflict(f"You have {settings.LIMITS.tokens} tokens: delete one that is not used any more.")
        token = Token.objects.create(
            user=user, name=name.strip(), digest=digest_of(secret), scopes=chosen, expires_at=expires_at
        )
    return token, secret


def note_use(digests: Collection[str]) -> None:
    """These tokens are in use; written once a minute a token. Waits for nobody: who holds a row is writing the same."""
    stale = clock.now() - datetime.timedelta(seconds=LAST_USE_SECONDS)
    with transaction.atomic():
        unused = Token.objects.filter(digest__in=digests).unused_since(stale).order_by("pk")
        found = list(unused.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
        if found:
            Token.objects.filter(pk__in=found).update(last_used_at=clock.now())


def delete_token(user: User, *, token: int) -> None:
    """Programs that came in with it are closed. Raises NotFound for what is no token of the user."""
    with transaction.atomic():
        deleted, _ = Token.objects.filter(pk=token, user=user).delete()
        if not deleted:
            raise NotFound("You have no such token.")
        recheck_logins(user.pk)


def recheck_logins(user: int) -> None:
    """After the commit, every process asks whether the logins behind the user's sockets still hold, and why not.

    For every verb that ends one: sign-out, a ban, another password, a token that is gone.
    """
    transaction.on_commit(lambda: node.ring([SignedOut(user=user)]))


class LoginsEndWithThePassword:
    """One of AUTH_PASSWORD_VALIDATORS, which Django tells of every changed password: the admin's and the command's too."""

    def validate(self, password: str, user: User | None = None) -> None:
        return

    def get_help_text(self) -> str:
        return "Another password signs you out everywhere else."

    def password_changed(self, password: str, user: User | None = None) -> None:
        # Whoever was never signed in has no session to end.
        if user is not None and user.pk and user.last_login is not None:
            recheck_logins(user.pk)
