"""Visitors: people from outside, who are nowhere but in their own conversations with the support."""

import secrets

from django.db import transaction

from chat import clock
from chat.models import VISIT, Channel, ChannelKind, Token, User, UserKind
from chat.models.token import digest_of
from chat.naming import clean_name, looks
from chat.services.tokens import TOKEN_PREFIX, visit_time
from delivery.wire.errors import Forbidden

#: What a visitor's username begins with; the rest is random. Others see the display name.
USERNAME_PREFIX = "visitor-"
#: Shown as long as nobody has said another.
NAMELESS = "Visitor"


def create_visitor(*, display_name: str = "") -> tuple[User, str]:
    """Somebody from outside, and the secret of the one token that they have, of scope `visit`; told this once. Raises Invalid.

    Without a password: no page and no form signs them in.
    """
    username = USERNAME_PREFIX + secrets.token_hex(8)
    seen, seen_in_any_case = looks(username)
    user = User(
        username=username,
        username_look=seen,
        username_look_any_case=seen_in_any_case,
        display_name=clean_name(display_name, what="A name", most=80) or NAMELESS,
        kind=UserKind.VISITOR,
    )
    user.set_unusable_password()
    with transaction.atomic():
        user.save()
        return user, new_visit_token(user)


def new_visit_token(visitor: User) -> str:
    """The secret of one more token of the visitor; it ends when it wasn't used for so long as `visit_days` says."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    expires_at = clock.now() + visit_time()
    Token.objects.create(user=visitor, name="visit", digest=digest_of(secret), scopes=[VISIT], expires_at=expires_at)
    return secret


def require_inside(user: User) -> None:
    """For what makes an account mean more than a visit. Raises Forbidden for a visitor, and for the server's own account."""
    if user.kind != UserKind.PERSON:
        raise Forbidden("A visitor is from outside: this can't be done with the account.")


def require_place_for(user: User, channel: Channel) -> None:
    """A visitor is in conversations with the support and nowhere else; the server's own account is nowhere. Raises Forbidden."""
    if user.kind == UserKind.SYSTEM:
        raise Forbidden("The server's own account is a member of nothing.")
    if user.is_visitor and (not channel.is_support or channel.kind == ChannelKind.INNER):
        raise Forbidden("A visitor is only in conversations with the support.")
