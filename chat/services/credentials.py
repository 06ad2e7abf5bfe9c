"""Passwords and tokens: what signs somebody in, and how it ends; whoever is connected by it is closed at once."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from chat.models import Token, User
from delivery import node
from delivery.announcements import SignedOut
from delivery.errors import Invalid, NotFound


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
