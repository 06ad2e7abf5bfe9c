"""Somebody's standing in a channel, read from the rows and held against the table of chat/rights/table.py."""

from dataclasses import dataclass, replace

from django.db import DEFAULT_DB_ALIAS

from chat import hot
from chat.models import Channel, ChannelKind, Conversation, ConversationState, Member, Role, User
from chat.rights.table import RULES, Right, refusal
from delivery.wire.errors import Forbidden, Invalid, NotAMember, NotFound, Over, Refused

#: The staff's right to moderate channels that they are no members of.
MODERATE_ANY = "chat.moderate_any_channel"

SAY_WHY = "You do this by the staff's right, not by your role here: say why."

#: What is done to one member, not to the channel.
OVER_MEMBERS = (Right.PROMOTE, Right.MUTE, Right.REMOVE)


_READER_COLUMNS = ["id", "channel_id", "user_id", "joined_rev"]
# In SQL, because every page of history asks it, and the ORM takes longer to spell it than PostgreSQL to answer.
_READER = f"SELECT {', '.join(_READER_COLUMNS)} FROM channel_members WHERE channel_id = %s AND user_id = %s"  # noqa: S608
_ACTOR = "SELECT is_active, is_staff FROM users WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Standing:
    """By a role in the channel, by moderating everywhere, or both. The member is read with its mute."""

    member: Member | None
    moderates_everywhere: bool
    is_visitor: bool = False

    def refusal(self, right: Right, channel: Channel) -> Refused | None:
        """What stands against it in this channel; None when it may be done."""
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
        """The same person without the staff's right."""
        return replace(self, moderates_everywhere=False)

    def outranks(self, other: Member | None) -> bool:
        """Owners and the staff outrank everybody, moderators only plain members, and who is no member any more."""
        is_owner = self.member is not None and self.member.role == Role.OWNER
        return self.moderates_everywhere or is_owner or other is None or other.role == Role.MEMBER

    def rights_over(self, other: Member, channel: Channel) -> list[str]:
        """What may be done to that member, as the `can` of a member says it; nothing to oneself."""
        if not self.outranks(other) or (self.member is not None and self.member.pk == other.pk):
            return []
        return [right.value for right in OVER_MEMBERS if self.refusal(right, channel) is None]


def standing_of(user: User, *, channel: int) -> Standing:
    """Raises NotAMember for a public channel, NotFound for what the user can't see; staff see all that they moderate."""
    moderates = moderates_everywhere(user)
    member = Member.objects.with_mutes().filter(channel_id=channel, user_id=user.pk).first()
    if member is None and not moderates:
        raise absence_from(channel)
    return Standing(member, moderates, is_visitor=user.is_visitor)


def keeps_channel(user: User, *, channel: int) -> bool:
    """Whether the user sees what was reported there, and closes it."""
    rule = RULES[Right.CLOSE_REPORTS]
    roles = list(rule.roles)
    is_keeper = Member.objects.filter(channel_id=channel, user=user, role__in=roles).exists()
    return is_keeper or (rule.staff and moderates_everywhere(user))


def moderates_everywhere(user: User) -> bool:
    return user.is_staff and user.has_perm(MODERATE_ANY)


def require_may(user: User, *rights: Right, channel: Channel, reason: str | None = None) -> Standing:
    """The user's standing, when one of these may be done. Raises NotAMember, NotFound, or what refuses the first of them.

    `reason`: what was given, where the act can have one: who acts by the staff's right, in the channel or not, must say why
    (else Invalid).
    In a verb the channel is the locked row, so that what is read here still holds at the commit; and so is the user read again,
    who may have been switched off, erased or taken out of the staff while the lock was waited for.
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
    [(is_active, is_staff)] = hot.rows(_ACTOR, [user.pk])
    if not is_active:
        raise Forbidden("This account is not active.")
    # Only the staff's rights are more than that and a role.
    return User.objects.get(pk=user.pk) if is_staff or user.is_staff else user


def _require_going_on(channel: Channel) -> None:
    # To write again is posting's to see, which opens it; anything else would go unseen: no desk looks at it any more.
    if Conversation.objects.filter(pk=channel.pk, state=ConversationState.RESOLVED).exists():
        raise Over("This conversation is resolved: what was said in it stays as it is.")


def require_rank(standing: Standing, other: Member | None, *, sentence: str, reason: str) -> None:
    """Raises Forbidden with the sentence, or Invalid for who outranks the other by the staff's right and does not say why."""
    if not standing.outranks(other):
        raise Forbidden(sentence)
    if not reason and not standing.by_role.outranks(other):
        raise Invalid(SAY_WHY)


def require_membership(user: int, *, channel: int) -> Member:
    """The membership. Raises NotAMember for a public channel, NotFound for what the user can't see."""
    member = Member.objects.with_mutes().filter(channel_id=channel, user_id=user).first()
    if member is None:
        raise absence_from(channel)
    return member


def require_reader(user: int, *, channel: int) -> Member:
    """The same for who only reads: where they stand is read when it is asked for, and their mute not at all."""
    for row in hot.rows(_READER, [channel, user]):
        return Member.from_db(DEFAULT_DB_ALIAS, _READER_COLUMNS, row)
    raise absence_from(channel)


def absence_from(channel: int) -> NotAMember | NotFound:
    is_public = Channel.objects.filter(pk=channel, kind=ChannelKind.PUBLIC).exists()
    return NotAMember() if is_public else NotFound()
