"""What somebody may do in a channel: by a role in it, or as staff who moderate everywhere."""

from dataclasses import dataclass

from chat.models import Channel, ChannelKind, Member, Role, User
from delivery.errors import NotAMember, NotFound

#: Who may add and remove others.
KEEPERS = {Role.OWNER, Role.MODERATOR}
#: The staff's right to moderate channels that they are no members of.
MODERATE_ANY = "chat.moderate_any_channel"


@dataclass(frozen=True, slots=True)
class Standing:
    member: Member | None
    moderates_everywhere: bool

    @property
    def keeps(self) -> bool:
        """May delete, mute, remove, and close reports."""
        return self.moderates_everywhere or (self.member is not None and self.member.role in KEEPERS)

    def outranks(self, other: Member) -> bool:
        """Owners outrank everybody, moderators only members."""
        is_owner = self.member is not None and self.member.role == Role.OWNER
        return self.moderates_everywhere or is_owner or (self.keeps and other.role == Role.MEMBER)


def standing_of(user: User, *, channel: int) -> Standing:
    """Raises NotAMember for a public channel, NotFound for what the user can't see; staff see all that they moderate."""
    moderates = user.is_staff and user.has_perm(MODERATE_ANY)
    member = Member.objects.filter(channel_id=channel, user_id=user.pk).first()
    if member is None and not moderates:
        raise absence_from(channel)
    return Standing(member, moderates)


def require_membership(user: int, *, channel: int) -> Member:
    """The membership. Raises NotAMember for a public channel, NotFound for what the user can't see."""
    member = Member.objects.filter(channel_id=channel, user_id=user).first()
    if member is None:
        raise absence_from(channel)
    return member


def absence_from(channel: int) -> NotAMember | NotFound:
    is_public = Channel.objects.filter(pk=channel, kind=ChannelKind.PUBLIC).exists()
    return NotAMember() if is_public else NotFound()
