"""A user's channels, as they see them: for `hello`, for lists, and for the page."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import msgspec

from chat import shapes
from chat.models import Block, ChannelKind, Conversation, ConversationState, Member, User
from chat.models.member import MemberQuerySet
from chat.reads.lasts import lasts_of
from chat.reads.unread import NONE, ReadMark, count_of
from chat.rights.standing import moderates_everywhere


def described(
    memberships: MemberQuerySet, user: int, *, with_lasts: bool = False
) -> list[tuple[Member, shapes.Channel]]:
    """These memberships of one user, with what is said of each channel; in the order of the channels' ids.

    `with_lasts`: with the newest line of each.
    """
    members = list(memberships.select_related("channel").order_by("channel_id"))
    lasts = _lasts(members, user) if with_lasts else None
    counts = count_of(user, [ReadMark(m.channel_id, user, m.read_seq, m.channel.head) for m in members])
    people = _others([member.channel_id for member in members if member.channel.kind == ChannelKind.DIRECT], user)
    moderates = bool(members) and moderates_everywhere(User.objects.get(pk=user))

    def seen(member: Member) -> shapes.Channel:
        unread, mentioned = counts.get(member.channel_id, NONE)
        return shapes.channel_to_member(
            member,
            unread=unread,
            mentioned=mentioned,
            people=people.get(member.channel_id, []),
            moderates=moderates,
            last=msgspec.UNSET if lasts is None else lasts.get(member.channel_id),
        )

    return [(member, seen(member)) for member in members]


def channels_among(user: int, channels: Collection[int]) -> dict[int, shapes.Channel]:
    """Descriptions of those of the channels in which the user is a member."""
    memberships = Member.objects.with_mutes().filter(user_id=user, channel_id__in=channels)
    return {member.channel_id: seen for member, seen in described(memberships, user, with_lasts=True)}


def channels_of(user: int, *, shown: int | None = None) -> list[shapes.Channel]:
    """Every channel of the user, as `hello` describes them; and the one that is shown, however long ago it was archived."""
    listed = Member.objects.with_mutes().of([user]).in_lists()
    found = [seen for _, seen in described(listed, user, with_lasts=True)]
    if shown is None or any(seen.id == shown for seen in found):
        return found
    return [*found, *channels_among(user, [shown]).values()]


def _lasts(members: Sequence[Member], user: int) -> dict[int, shapes.Last]:
    blocked = Block.objects.filter(blocker_id=user).values_list("blocked_id", flat=True)
    return lasts_of([member.channel for member in members], unheard=list(blocked))


def of_the_chat(channels: Sequence[shapes.Channel]) -> list[shapes.Channel]:
    """Without those of the support desk, which has a page of its own."""
    at_desk = (ChannelKind.DESK, ChannelKind.INNER)
    return [channel for channel in channels if not channel.is_support and channel.kind not in at_desk]


def waiting_customers(channels: Sequence[shapes.Channel]) -> int | None:
    """How many customers wait at the agent's desks; None for a user who is no agent."""
    desks = [channel.id for channel in channels if channel.kind == ChannelKind.DESK]
    if not desks:
        return None
    waiting = Conversation.objects.filter(desk__in=desks, waiting_since__isnull=False)
    return waiting.exclude(state=ConversationState.RESOLVED).count()


def _others(channels: Sequence[int], user: int) -> dict[int, list[User]]:
    people: dict[int, list[User]] = defaultdict(list)
    if channels:
        others = Member.objects.filter(channel_id__in=channels).exclude(user_id=user).select_related("user")
        for member in others.order_by("user_id"):
            people[member.channel_id].append(member.user)
    return people
