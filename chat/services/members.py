"""Joining, leaving, adding and removing members, and changing their roles."""

import contextlib
import datetime
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from chat import prepared_sql
from chat.allowances.counting import counted, unless_bulk
from chat.allowances.table import JOINS, MEMBERSHIPS
from chat.models import Act, Channel, ChannelKind, Member, Role, SanctionKind, User
from chat.rights.standing import require_may, require_rank
from chat.rights.table import Right
from chat.services import audit, log
from chat.services.blocks import require_may_bring
from chat.services.constraints import violates
from chat.services.receipts import settle_receipts
from chat.services.sanctions import impose, let_in, member_or_former
from chat.services.visitors import require_inside, require_place_for
from delivery.wire.errors import ChannelFull, Conflict, Forbidden, Invalid, NotAMember, NotFound
from delivery.wire.types import spell_time

#: First key of the advisory locks on the number of a person's channels ("join" in ASCII).
ADMITTING = 0x6A6F696E
_HOLD = "SELECT pg_advisory_xact_lock(%s, held) FROM unnest(%s::int[]) AS held"


def join_channel(user: User, *, channel: int) -> Member:
    """The user becomes a member of a public channel; repeating does nothing.

    Raises NotFound, Archived, ChannelFull, RateLimited, or Removed for a user who may not return by themselves.
    """
    earlier = Member.objects.filter(channel=channel, user=user).first()
    if earlier is not None:
        return earlier
    with counted(JOINS, user), _full_or_not(), log.writing(channel) as entry:
        member = Member.objects.filter(channel=channel, user=user).first()
        if member is not None:
            return member
        if entry.channel.kind != ChannelKind.PUBLIC:
            raise NotFound
        log.require_live(entry)
        return admit(entry, user, actor=user, role=Role.MEMBER)


def join_first_channel(user: User) -> None:
    """Puts a newcomer into the oldest public channel, so that they begin among people; if it is full, their list is empty."""
    first = Channel.objects.live().filter(kind=ChannelKind.PUBLIC).order_by("pk").first()
    if first is not None:
        with contextlib.suppress(ChannelFull):
            join_channel(user, channel=first.pk)


def leave_channel(user: User, *, channel: int) -> None:
    """Ends the user's membership; repeating does nothing. Raises NotFound, or Forbidden for the last owner among others."""
    with counted(MEMBERSHIPS, user), log.writing(channel) as entry:
        try:
            member = require_may(user, Right.LEAVE, channel=entry.channel).member
        except NotAMember:
            return
        assert member is not None  # (by the table only members can leave)
        is_alone = entry.channel.member_count == 1
        log.require(is_alone or has_another_owner(member), "You are the last owner: make somebody else an owner first.")
        end_membership(entry, member, actor=user, event="member.left", sentence=f"{user.get_full_name()} left")


def add_member(actor: User, *, channel: int, user: User, role: str = Role.MEMBER, reason: str = "") -> Member:
    """An owner or moderator adds a user; repeating does nothing. In a public channel any member may add others.

    A removed user can be added only by a member who may remove others; this ends the removal. Raises Removed, or Blocked if a
    block is between the two.
    """
    reason = audit.bounded_reason(reason)
    with counted(MEMBERSHIPS, actor), _full_or_not(), log.writing(channel) as entry:
        require_may(actor, Right.ADD, channel=entry.channel)
        if role != Role.MEMBER:
            require_may(actor, Right.PROMOTE, channel=entry.channel, reason=reason)
        member = Member.objects.filter(channel=channel, user=user).first()
        if member is None:
            require_may_bring(actor, others=[user.pk])
            member = admit(entry, user, actor=actor, role=role, reason=reason)
            if role != Role.MEMBER:
                _record_role(entry, actor, member, before=None, reason=reason)
        return member


def remove_member(
    actor: User, *, channel: int, user: User, until: datetime.datetime | None = None, reason: str = ""
) -> None:
    """An owner or moderator removes a member; after the removal's number the member receives nothing of the channel.

    They can't return by themselves until `until` (None: until a member who may remove others adds them), even if they have left
    just before. Repeating does nothing. Raises NotAMember for a user who was never in the channel.
    """
    reason = audit.bounded_reason(reason)
    with counted(unless_bulk(MEMBERSHIPS), actor), log.writing(channel) as entry:
        standing = require_may(actor, Right.REMOVE, channel=entry.channel, reason=reason)
        member = member_or_former(channel, user)
        log.require(user.pk != actor.pk, "To remove yourself, leave the channel.")
        require_rank(standing, member, sentence="Moderators remove only members.", reason=reason)
        if member is not None:
            _require_another_owner(member)
        is_new = impose(entry, user, SanctionKind.REMOVAL, until=until, by=actor, reason=reason)
        if member is None and not is_new:
            return
        details = {"role": member.role if member else None, "until": spell_time(until)}
        audit.record(Act.MEMBER_REMOVED, actor=actor, whom=user.pk, channel=channel, reason=reason, details=details)
        if member is not None:
            sentence = f"{actor.get_full_name()} removed {user.get_full_name()}"
            end_membership(entry, member, actor=actor, event="member.removed", sentence=sentence)


def change_role(actor: User, *, channel: int, user: User, role: str, reason: str = "") -> Member:
    """An owner changes a member's role; repeating does nothing. The last owner stays owner."""
    reason = audit.bounded_reason(reason)
    with counted(MEMBERSHIPS, actor), log.writing(channel) as entry:
        require_may(actor, Right.PROMOTE, channel=entry.channel, reason=reason)
        member = _member(channel, user)
        if member.role == role:
            return member
        require_inside(user)
        _require_another_owner(member)
        before, member.role = member.role, role
        Member.objects.filter(pk=member.pk).update(role=role, version=F("version") + 1)
        _record_role(entry, actor, member, before=before, reason=reason)
        event = {"type": "member.role", "user": user.pk, "role": role}
        log_sentence = f"{actor.get_full_name()} made {user.get_full_name()} {_with_article(role)}"
        entry.note(actor, event, log_sentence)
        entry.opened(user.pk, "updated")
        return member


def admit(
    entry: log.Entry, user: User, *, actor: User, role: str, invited_by: User | None = None, reason: str = ""
) -> Member:
    """Within an entry's transaction: adds a member, writes it in the log, and counts it.

    `actor` is the user themselves if nobody adds them, at any door. Raises ChannelFull, Removed, Invalid.
    """
    prepare_membership(entry, user, actor=actor, reason=reason)
    name = entry.person(user).display_name
    sentence = f"{name} joined" if actor.pk == user.pk else f"{actor.get_full_name()} added {name}"
    if invited_by is not None:
        sentence += f", invited by {invited_by.get_full_name()}"
    event = {"type": "member.joined", "user": user.pk, "role": role, **_for_lists(entry, user)}
    return begin_membership(entry, user, role=role, number=entry.note(actor, event, sentence).seq)


def prepare_membership(entry: log.Entry, user: User, *, actor: User, reason: str = "") -> None:
    """Checks the rules for new members, and counts the member; `begin_membership` follows, with the number of the log's line."""
    if entry.channel.member_count >= settings.LIMITS.members:
        raise ChannelFull
    require_place_for(user, entry.channel)
    let_in(entry, user, actor=actor, reason=reason)
    hold_memberships([user])
    # Read again, not from the request: an account that was erased meanwhile would stay in the channel for ever.
    if not User.objects.filter(pk=user.pk, is_active=True).exists():
        raise Forbidden("This account is not active.")
    most = settings.LIMITS.channels_per_user
    if Member.objects.of([user.pk]).filter(channel__archived_at=None).listed().count() >= most:
        raise Invalid(f"{user.get_full_name()} is in {most:,} channels: leave some first.")
    log.count_members(entry, +1)


def begin_membership(entry: log.Entry, user: User, *, role: str, number: int) -> Member:
    """Makes the user a member from this number of the log on."""
    # A newcomer has nothing to catch up on: earlier messages are history.
    member = Member.objects.create(
        channel=entry.channel, user=user, role=role, joined_rev=number, delivered_seq=number, read_seq=number
    )
    entry.opened(user.pk, "joined")
    return member


def hold_memberships(users: Iterable[User]) -> None:
    """Until the commit no other transaction adds one of these people to a channel, so that their channels are counted exactly.

    Taken after the channels' locks; for several people at once, in one order, so that two transactions can't deadlock.
    """
    prepared_sql.rows(_HOLD, [ADMITTING, sorted(user.pk % 2**31 for user in users)])


def end_membership(entry: log.Entry, member: Member, *, actor: User, event: str, sentence: str) -> None:
    """Within an entry's transaction: ends the user's membership at the event's number."""
    user = member.user
    member.delete()
    log.count_members(entry, -1)
    entry.note(actor, {"type": event, "user": user.pk, **_for_lists(entry, user)}, sentence)
    transaction.on_commit(lambda: settle_receipts(entry.channel.pk), robust=True)


def _for_lists(entry: log.Entry, user: User) -> dict[str, Any]:
    """The fields that clients' lists of members need, so that no client asks again when a member comes or goes."""
    person = entry.person(user)
    return {"name": person.display_name, "username": person.username, "member_count": entry.channel.member_count}


def _member(channel: int, user: User) -> Member:
    member = Member.objects.filter(channel=channel, user=user).first()
    if member is None:
        raise NotAMember("This person is not a member of the channel.")
    return member


def has_another_owner(member: Member) -> bool:
    """Whether the channel has another owner than this member."""
    others = Member.objects.filter(channel=member.channel_id, role=Role.OWNER).exclude(pk=member.pk)
    return member.role != Role.OWNER or others.exists()


def _require_another_owner(member: Member) -> None:
    if not has_another_owner(member):
        raise Conflict("A channel keeps at least one owner: make somebody else an owner first.")


def _record_role(entry: log.Entry, actor: User, member: Member, *, before: str | None, reason: str) -> None:
    changes = {"from": before, "to": member.role}
    audit.record(
        Act.MEMBER_ROLE, actor=actor, whom=member.user_id, channel=entry.channel.pk, reason=reason, details=changes
    )


def _with_article(role: str) -> str:
    return f"an {role}" if role == Role.OWNER else f"a {role}"


class _full_or_not:  # noqa: N801 (reads as a sentence where it is used)
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # The constraint max_members decides, even if the count allowed it.
        if isinstance(error, IntegrityError) and violates(error, "max_members"):
            raise ChannelFull from None
