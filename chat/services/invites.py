"""Invitations: links to chosen channels, with a number of uses and an end. A link adds only where its creator could add people."""

import contextlib
import datetime
import secrets
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import F

from chat import clock
from chat.allowances.counting import counted
from chat.allowances.table import JOINS, SECRETS
from chat.models import Channel, ChannelKind, Invite, Member, Role, User
from chat.models.invite import InviteQuerySet
from chat.models.token import digest_of
from chat.rights.standing import require_may
from chat.rights.table import Right
from chat.services import log
from chat.services.accounts import lock_own
from chat.services.members import admit
from chat.services.people import create_user
from delivery.wire.errors import ChannelFull, Conflict, Forbidden, Invalid, NotFound, Refused, Removed

#: The kinds of channels that an invitation can have.
KINDS = (ChannelKind.PUBLIC, ChannelKind.PRIVATE)
GONE = "This invitation is not valid any more: it has expired, was used up, or was revoked."


def create_invite(
    actor: User | None, *, channels: Sequence[int], uses: int | None = None, seconds: int | None = None
) -> tuple[Invite, str]:
    """Creates an invitation; returns it with the secret of its link, which is not stored. `actor` None: the console.

    Raises Invalid, NotFound, NotAMember or Forbidden for a channel to which the actor may not add, Conflict for one too many,
    RateLimited.
    """
    require_invitations()
    limits = settings.LIMITS
    uses = limits.invite_uses if uses is None else _bounded(uses, limits.invite_uses, "uses")
    seconds = limits.invite_seconds if seconds is None else _bounded(seconds, limits.invite_most_seconds, "expires_in")
    if not 1 <= len(set(channels)) <= limits.invite_channels:
        raise Invalid(f"An invitation is to 1 to {limits.invite_channels} channels.")
    secret = secrets.token_urlsafe(32)
    with counted(SECRETS, actor) if actor else contextlib.nullcontext(), transaction.atomic():
        rows = [_invitable(actor, channel) for channel in sorted(set(channels))]
        if actor is not None:
            _require_place(actor)
        ends_at = clock.now() + datetime.timedelta(seconds=seconds)
        invite = Invite.objects.create(created_by=actor, digest=digest_of(secret), uses=uses, expires_at=ends_at)
        invite.channels.set(rows)
    return invite, secret


def revoke_invite(user: User, *, invite: int) -> None:
    """Revokes the invitation: from the commit on its link does not work. Raises NotFound if the user has no such invitation."""
    deleted, _ = Invite.objects.filter(pk=invite, created_by=user).delete()
    if not deleted:
        raise NotFound("You have no such invitation.")


def open_invite(secret: str) -> tuple[Invite, list[Channel]]:
    """The invitation of this link, and its channels that people can join now. Raises the same NotFound for every invalid link."""
    invite = None if settings.SIGN_UP == "closed" else _standing(secret).select_related("created_by").first()
    channels = [row for row in invite.channels.order_by("pk") if _lets_into(invite, row)] if invite else []
    if invite is None or not channels:
        raise NotFound(GONE)
    return invite, channels


def sign_up_by_invite(secret: str, *, username: str, password: str, display_name: str) -> tuple[User, list[Channel]]:
    """Creates an account that is in the invitation's channels, all or nothing. Raises Invalid, NotFound, ChannelFull."""
    with transaction.atomic():
        user = create_user(username, password=password, display_name=display_name)
        return user, accept_invite(user, secret=secret)


def accept_invite(user: User, *, secret: str) -> list[Channel]:
    """The user joins the invitation's channels that have room. A user who joins no new channel uses nothing up.

    The uses are exact, because the row is locked. Raises NotFound, RateLimited, or the last channel's refusal if no channel
    could be joined.
    """
    require_invitations()
    with contextlib.ExitStack() as stack:
        # Counted before any lock is taken, so that nobody in these channels waits for Redis.
        coming = _new_to(user, secret)
        for _ in coming:
            stack.enter_context(counted(JOINS, user))
        stack.enter_context(transaction.atomic())
        invite = _standing(secret).select_for_update(no_key=True, of=("self",)).first()
        if invite is None:
            raise NotFound(GONE)
        entries = log.lock(invite.channels.values_list("pk", flat=True))
        mine = set(Member.objects.filter(user=user, channel__in=entries).values_list("channel", flat=True))
        refusal: Refused = NotFound(GONE)
        joined = []
        for entry in entries.values():
            if entry.channel.pk in mine or entry.channel.pk not in coming or not _lets_into(invite, entry.channel):
                continue
            try:
                admit(entry, user, actor=user, role=Role.MEMBER, invited_by=invite.created_by)
                joined.append(entry)
            except (ChannelFull, Removed) as found:
                refusal = found
        if joined:
            Invite.objects.filter(pk=invite.pk).update(used=F("used") + 1)
        elif not mine:
            raise refusal
        log.commit_entries(joined)
        return [entry.channel for entry in entries.values() if entry in joined or entry.channel.pk in mine]


def _new_to(user: User, secret: str) -> set[int]:
    invite = _standing(secret).first()
    rows = invite.channels.exclude(members__user=user) if invite else []
    return {row.pk for row in rows if _lets_into(invite, row)} if invite else set()


def require_invitations() -> None:
    """Raises Forbidden if sign-up is closed, so that invitations do not work."""
    if settings.SIGN_UP == "closed":
        raise Forbidden("Sign-up is closed here: there are no invitations.")


def _standing(secret: str) -> InviteQuerySet:
    return Invite.objects.standing().filter(digest=digest_of(secret))


def _bounded(given: int, most: int, name: str) -> int:
    if not 1 <= given <= most:
        raise Invalid(f"{name} is from 1 to {most:,}.")
    return given


def _invitable(actor: User | None, channel: int) -> Channel:
    row = Channel.objects.filter(pk=channel).first()
    if row is None:
        raise NotFound
    if actor is not None:
        require_may(actor, Right.ADD, channel=row)
    if row.kind not in KINDS or row.is_support or row.archived_at is not None:
        raise Invalid("People are invited to public and private channels that are not archived.")
    return row


def _lets_into(invite: Invite, channel: Channel) -> bool:
    """Whether its creator could add people there now: not after they have left, or were demoted or banned."""
    try:
        _invitable(invite.created_by, channel.pk)
    except Refused:
        return False
    return True


def _require_place(actor: User) -> None:
    lock_own(actor)
    if Invite.objects.standing().filter(created_by=actor).count() >= settings.LIMITS.invites:
        raise Conflict(f"You have {settings.LIMITS.invites} valid invitations: revoke one.")
