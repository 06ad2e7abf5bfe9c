"""A user's standing in a channel: read from the rows, and compared with the table in chat/rights/table.py."""

from dataclasses import dataclass, replace

from django.db import DEFAULT_DB_ALIAS

from chat import prepared_sql
from chat.models import Channel, ChannelKind, Conversation, ConversationState, Member, Role, User
from chat.rights.table import RULES, Right, refusal
from delivery.wire.errors import Forbidden, Invalid, NotAMember, NotFound, Over, Refused

#: The staff's right to moderate channels of which they are no members.
MODERATE_ANY = "chat.moderate_any_channel"

SAY_WHY = "You use a right of the staff, not your role here: give a reason."

#: Rights over single members, not over the channel.
OVER_MEMBERS = (Right.PROMOTE, Right.MUTE, Right.REMOVE)


_READER_COLUMNS = ["id", "channel_id", "user_id", "joined_rev"]
# In SQL, because every page of history reads it, and the ORM needs longer to build it than PostgreSQL to answer.
_READER = f"SELECT {', '.join(_READER_COLUMNS)} FROM channel_members WHERE channel_id = %s AND user_id = %s"  # noqa: S608
_ACTOR = "SELECT is_active, is_staff FROM users WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Standing:
    """A user's standing: by a role in the channel, by the staff's right, or both. The member is read with its mute."""

    member: Member | None
    moderates_everywhere: bool
    is_visitor: bool = False

    def refusal(self, right: Right, channel: Channel) -> Refused | None:
        """The refusal of this right in the channel; None if the user has it."""
        return refusal(
            right,
            role=self.member.role if self.member else None,
            moderates=self.moderates_everywhere,
            place=channel.place,
            is_archived=channel.archived_at is not None,
            is_muted=self.member is not None and self.member.muted_until is not None,
            is_visitor=self.is_visitor,
        )

    @property
    def by_role(self) -> "Standing":
        """The same standing without the staff's right."""
        return replace(self, moderates_everywhere=False)

    def outranks(self, other: Member | None) -> bool:
        """Owners and staff outrank everybody; moderators outrank plain members and former members."""
        is_owner = self.member is not None and self.member.role == Role.OWNER
        return self.moderates_everywhere or is_owner or other is None or other.role == Role.MEMBER

    def rights_over(self, other: Member, channel: Channel) -> list[str]:
        """The rights over another member, as in the `can` of a member; none over oneself."""
        if not self.outranks(other) or (self.member is not None and self.member.pk == other.pk):
            return []
        return [right.value for right in OVER_MEMBERS if self.refusal(right, channel) is None]


def standing_of(user: User, *, channel: int) -> Standing:
    """The user's standing. Raises NotAMember for a public channel, NotFound for an invisible one; staff see all they moderate."""
    moderates = moderates_everywhere(user)
    member = Member.objects.with_mutes().filter(channel_id=channel, user_id=user.pk).first()
    if member is None and not moderates:
        raise absence_from(channel)
    return Standing(member, moderates, is_visitor=user.is_visitor)


def keeps_channel(user: User, *, channel: int) -> bool:
    """Whether the user moderates the channel: sees its reports, and closes them."""
    rule = RULES[Right.CLOSE_REPORTS]
    roles = list(rule.roles)
    is_keeper = Member.objects.filter(channel_id=channel, user=user, role__in=roles).exists()
    return is_keeper or (rule.staff and moderates_everywhere(user))


def moderates_everywhere(user: User) -> bool:
    return user.is_staff and user.has_perm(MODERATE_ANY)


def require_may(user: User, *rights: Right, channel: Channel, reason: str | None = None) -> Standing:
    """The user's standing, if they have one of these rights. Raises NotAMember, NotFound, or the refusal of the first right.

    `reason`: the given reason, if the act can have one: a user who acts by the staff's right, as a member or not, must give one
    (else Invalid).
    In a verb the channel is the locked row, so that this is still true at the commit; the user is read again too, because they may
    have been switched off, erased or removed from the staff during the wait for the lock.
    """
    user = _as_now(user)
    standing = standing_of(user, channel=channel.pk)
    if standing.member is None and not any(RULES[right].staff for right in rights):
        raise absence_from(channel.pk)
    refusals = [standing.refusal(right, channel) for right in rights]
    if all(refusals):
        raise next(filter(None, refusals))
    if standing.is_visitor:
        _require_going_on(channel)
    if reason == "" and all(standing.by_role.refusal(right, channel) for right in rights):
        raise Invalid(SAY_WHY)
    return standing


def _as_now(user: User) -> User:
    [(is_active, is_staff)] = prepared_sql.rows(_ACTOR, [user.pk])
    if not is_active:
        raise Forbidden("This account is not active.")
    # Only rights of the staff go beyond membership and role.
    return User.objects.get(pk=user.pk) if is_staff or user.is_staff else user


def _require_going_on(channel: Channel) -> None:
    # Posting reopens a resolved conversation by itself. Other changes there would go unseen: no agent looks at it any more.
    if Conversation.objects.filter(pk=channel.pk, state=ConversationState.RESOLVED).exists():
        raise Over("This conversation is resolved: its messages can't be changed.")


def require_rank(standing: Standing, other: Member | None, *, sentence: str, reason: str) -> None:
    """Raises Forbidden with the sentence, or Invalid for a user who outranks the member by the staff's right without a reason."""
    if not standing.outranks(other):
        raise Forbidden(sentence)
    if not reason and not standing.by_role.outranks(other):
        raise Invalid(SAY_WHY)


def require_membership(user: int, *, channel: int) -> Member:
    """The membership. Raises NotAMember for a public channel, NotFound for a channel that the user can't see."""
    member = Member.objects.with_mutes().filter(channel_id=channel, user_id=user).first()
    if member is None:
        raise absence_from(channel)
    return member


def require_reader(user: int, *, channel: int) -> Member:
    """The same for readers only: without the mute, and with the rest of the standing read only on demand."""
    return _reader_in(prepared_sql.rows(_READER, [channel, user]), channel)


def reader_condition(user: int, *, channel: int) -> prepared_sql.Condition:
    """The same as a condition of what is read: in its round trip."""
    return prepared_sql.Condition((_READER, [channel, user]), lambda found: _reader_in(found, channel))


def _reader_in(found: prepared_sql.Rows, channel: int) -> Member:
    for row in found:
        return Member.from_db(DEFAULT_DB_ALIAS, _READER_COLUMNS, row)
    raise absence_from(channel)


def absence_from(channel: int) -> NotAMember | NotFound:
    is_public = Channel.objects.filter(pk=channel, kind=ChannelKind.PUBLIC).exists()
    return NotAMember() if is_public else NotFound()
