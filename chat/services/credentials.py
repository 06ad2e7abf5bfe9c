"""Passwords: checking and changing them. A change ends the logins of the old password and closes their sockets at once."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from chat.models import PasswordLink, Token, User
from delivery.bus import announcing
from delivery.bus.announcements import SignedOut
from delivery.wire.errors import Forbidden, Invalid


def change_password(user: User, *, password: str, keep_tokens: bool = False) -> User:
    """Changes the password. Ends all sessions of the user (the caller may renew its own), and all tokens unless `keep_tokens`.

    Raises Invalid with the reasons.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from None
    user.password = make_password(password)
    with transaction.atomic():
        # Not by save(), which calls LoginsEndWithThePassword: that ends the tokens always.
        User.objects.filter(pk=user.pk).update(password=user.password)
        end_logins(user.pk, keep_tokens=keep_tokens)
    return user


def require_password(user: User, *, password: str | None) -> None:
    """Checks that the actor knows the password. Raises Invalid without a password, Forbidden for a wrong one."""
    if not password:
        raise Invalid("Give your password too, in `password`, so that a stranger at your open page can't do this.")
    if not user.check_password(password):
        raise Forbidden("This is not your password.")


def end_logins(user: int, *, keep_tokens: bool) -> None:
    """Within the transaction of a new password. Sessions end by themselves, because they are signed with the old password.

    One-time password links end too: they were made for the old password.
    """
    PasswordLink.objects.filter(user_id=user).delete()
    if not keep_tokens:
        Token.objects.filter(user_id=user).delete()
    recheck_logins(user)


def recheck_logins(user: int) -> None:
    """After the commit, every process checks whether the logins of the user's sockets are still valid, and closes the others.

    Every verb that ends a login calls it: sign-out, a ban, a new password, a deleted token.
    """
    transaction.on_commit(lambda: announcing.announce([SignedOut(user_id=user)]))


class LoginsEndWithThePassword:
    """One of AUTH_PASSWORD_VALIDATORS: Django tells it of every saved password, also by Django's own command or a shell."""

    def validate(self, password: str, user: User | None = None) -> None:
        return

    def get_help_text(self) -> str:
        return "A new password signs you out everywhere else, and ends the tokens of your programs."

    def password_changed(self, password: str, user: User | None = None) -> None:
        # An account's first password replaces none, so there are no logins to end.
        if user is not None and user.pk and user.has_replaced_password:
            with transaction.atomic():
                end_logins(user.pk, keep_tokens=False)
