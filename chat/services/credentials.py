"""Passwords: what signs somebody in, and how it ends; the sockets that it let in are closed at once."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from chat.models import PasswordLink, Token, User
from delivery.bus import bell
from delivery.bus.announcements import SignedOut
from delivery.wire.errors import Forbidden, Invalid


def change_password(user: User, *, password: str, keep_tokens: bool = False) -> User:
    """Ends all sessions of the user (the caller may renew its own), and all tokens unless they are kept by choice.

    Raises Invalid with the reasons.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from None
    user.password = make_password(password)
    with transaction.atomic():
        # Not by saving, which tells LoginsEndWithThePassword: it knows of no choice.
        User.objects.filter(pk=user.pk).update(password=user.password)
        end_logins(user.pk, keep_tokens=keep_tokens)
    return user


def require_password(user: User, *, password: str | None) -> None:
    """The actor is the user who has signed in. Raises Invalid without a password, Forbidden for a wrong one."""
    if not password:
        raise Invalid("Say your password too, in `password`: whoever finds your open page is not to do this.")
    if not user.check_password(password):
        raise Forbidden("This is not your password.")


def end_logins(user: int, *, keep_tokens: bool) -> None:
    """Within the transaction of another password: sessions end by themselves, for they are signed with the old one.

    A link to a new password ends too: it was made for the password that is gone.
    """
    PasswordLink.objects.filter(user_id=user).delete()
    if not keep_tokens:
        Token.objects.filter(user_id=user).delete()
    recheck_logins(user)


def recheck_logins(user: int) -> None:
    """After the commit, every process asks whether the logins behind the user's sockets still hold, and why not.

    For every verb that ends one: sign-out, a ban, another password, a token that is gone.
    """
    transaction.on_commit(lambda: bell.ring([SignedOut(user_id=user)]))


class LoginsEndWithThePassword:
    """One of AUTH_PASSWORD_VALIDATORS, which Django tells of every password that is saved: by its own command, or a shell."""

    def validate(self, password: str, user: User | None = None) -> None:
        return

    def get_help_text(self) -> str:
        return "Another password signs you out everywhere else, and ends the tokens of your programs."

    def password_changed(self, password: str, user: User | None = None) -> None:
        # The first password of an account replaces none: nothing was signed in with one.
        if user is not None and user.pk and user.has_replaced_password:
            with transaction.atomic():
                end_logins(user.pk, keep_tokens=False)
