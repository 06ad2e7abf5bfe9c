"""Accounts and tokens as the verbs create them, in one statement for all, so that every test has its own cast."""

import secrets

from chat.models import Scope, Token, User
from chat.models.token import digest_of
from chat.naming import looks
from chat.services.tokens import TOKEN_PREFIX


def people_called(*names: str) -> dict[str, User]:
    users = User.objects.bulk_create(_person(name) for name in names)
    return {user.username: user for user in users}


def _person(name: str) -> User:
    seen, seen_in_any_case = looks(name)
    user = User(username=name, username_look=seen, username_look_any_case=seen_in_any_case)
    user.display_name = name.capitalize()
    user.set_unusable_password()
    return user


def tokens_of(people: dict[str, User]) -> dict[str, str]:
    """A secret for each, with every scope."""
    secrets_of = {name: f"{TOKEN_PREFIX}{secrets.token_urlsafe(32)}" for name in people}
    Token.objects.bulk_create(
        Token(user=user, name="tests", scopes=Scope.values, digest=digest_of(secrets_of[name]))
        for name, user in people.items()
    )
    return secrets_of
