"""Visitors: people from outside, who are members only of their own conversations with the support."""

import secrets

from django.db import transaction

from chat import clock
from chat.models import VISIT, Channel, ChannelKind, Token, User, UserKind
from chat.models.token import digest_of
from chat.naming import clean_name, looks
from chat.services.tokens import TOKEN_PREFIX, visit_time
from delivery.wire.errors import Forbidden

#: The beginning of every visitor's username; the rest is random. Others see the display name.
USERNAME_PREFIX = "visitor-"
#: The display name until the company or the visitor gives another.
NAMELESS = "Visitor"


def create_visitor(*, display_name: str = "") -> tuple[User, str]:
    """Creates a visitor; returns them with the secret of their one token, of scope `visit`, which is not stored. Raises Invalid.

    A visitor has no password, so no page and no form can sign them in.
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
    """Creates one more token of the visitor and returns its secret; the token ends `visit_days` after its last use."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    expires_at = clock.now() + visit_time()
    Token.objects.create(user=visitor, name="visit", digest=digest_of(secret), scopes=[VISIT], expires_at=expires_at)
    return secret


def require_inside(user: User) -> None:
    """Checks before an act that gives an account more than a visit. Raises Forbidden for visitors and the server's own account."""
    if user.kind != UserKind.PERSON:
        raise Forbidden("This account belongs to a visitor: it can't be used for this.")


def require_place_for(user: User, channel: Channel) -> None:
    """Raises Forbidden unless the user may be there: visitors only in support conversations, the server's own account nowhere."""
    if user.kind == UserKind.SYSTEM:
        raise Forbidden("The server's own account can't be a member.")
    if user.is_visitor and (not channel.is_support or channel.kind == ChannelKind.INNER):
        raise Forbidden("A visitor is only in conversations with the support.")
