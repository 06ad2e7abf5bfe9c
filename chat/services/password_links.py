"""One-time links to a new password, for who has lost theirs: made by a superuser or at the console, with a reason."""

import datetime
import secrets

from django.conf import settings
from django.db import transaction

from chat import clock
from chat.models import Act, PasswordLink, User
from chat.models.password_link import PasswordLinkQuerySet
from chat.models.token import digest_of
from chat.services import audit
from chat.services.credentials import change_password
from chat.services.visitors import require_inside
from delivery.wire.errors import Forbidden, NotFound

GONE = "This link is not valid any more: it was used, has expired, or another one has taken its place."


def make_password_link(actor: User | None, *, user: int, reason: str) -> str:
    """The secret of a link by which the person sets another password, once, within `password_link_hours`; told this once.

    `actor` None: by the console; else a superuser, for somebody else who may not do more. Nothing ends before it is used.
    Raises Invalid, Forbidden, NotFound.
    """
    reason = audit.checked_reason(reason)
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = User.objects.select_for_update(no_key=True).filter(pk=user).first()
        if row is None:
            raise NotFound("There is no such user.")
        require_inside(row)
        _require_may_make(actor, row)
        ends_at = clock.now() + datetime.timedelta(hours=settings.LIMITS.password_link_hours)
        given = {"digest": digest_of(secret), "expires_at": ends_at}
        PasswordLink.objects.update_or_create(user=row, defaults=given)
        audit.record(Act.PASSWORD_LINK, actor=actor, whom=row.pk, reason=reason)
    return secret


def whose_password_link(secret: str) -> User:
    """Who sets a password by this link. Raises NotFound, alike for whatever link does not hold."""
    link = _standing(secret).select_related("user").first()
    if link is None:
        raise NotFound(GONE)
    return link.user


def use_password_link(secret: str, *, password: str) -> User:
    """Another password; all sessions and all tokens of the person end, and so does the link. Raises Invalid, NotFound."""
    user = whose_password_link(secret)
    with transaction.atomic():
        # The person's row first, as the maker of a link takes it: of two at once the second finds none.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        user = whose_password_link(secret)
        change_password(user, password=password)
        audit.record(Act.PASSWORD_RENEWED, actor=user, whom=user.pk)
    return user


def _standing(secret: str) -> PasswordLinkQuerySet:
    return PasswordLink.objects.standing().filter(digest=digest_of(secret))


def _require_may_make(actor: User | None, user: User) -> None:
    if not user.is_active:
        raise Forbidden("This account is not active.")
    if actor is None:
        return
    if not actor.is_superuser or not actor.is_active:
        raise Forbidden("Only a superuser makes a link to a new password.")
    if actor.pk == user.pk:
        raise Forbidden("Change your own password on its page.")
    if not set(user.get_all_permissions()) <= set(actor.get_all_permissions()):
        raise Forbidden("This person may do more than you.")
