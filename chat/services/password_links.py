"""One-time links for people who have lost their password: a superuser or the console makes them, with a reason."""

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

GONE = "This link is not valid any more: it was used, has expired, or was replaced by a new one."


def make_password_link(actor: User | None, *, user: int, reason: str) -> str:
    """The secret of a link with which the person sets a new password, once, within `password_link_hours`. It is not stored.

    `actor` None: the console; else a superuser, for another person who has no more rights. Logins end only when the link is used.
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
    """The person of this link. Raises the same NotFound for every invalid link."""
    link = _standing(secret).select_related("user").first()
    if link is None:
        raise NotFound(GONE)
    return link.user


def use_password_link(secret: str, *, password: str) -> User:
    """Sets the new password; all sessions and tokens of the person end, and the link. Raises Invalid, NotFound."""
    user = whose_password_link(secret)
    with transaction.atomic():
        # The person's row is locked first, as when a link is made: of two uses at once the second finds no link.
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
        raise Forbidden("Only a superuser can make a password link.")
    if actor.pk == user.pk:
        raise Forbidden("Change your own password on its page.")
    if not set(user.get_all_permissions()) <= set(actor.get_all_permissions()):
        raise Forbidden("This person has more rights than you.")
