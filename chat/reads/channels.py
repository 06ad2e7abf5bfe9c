"""A person's channels as they see them: described for `hello`, for lists, and for the page."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from chat import shapes
from chat.models import ChannelKind, Member, User
from chat.models.member import MemberQuerySet
from chat.reads.unread import NONE, ReadMark, count_of
from chat.rights.standing import moderates_everywhere


def described(memberships: MemberQuerySet, user: int) -> list[tuple[Member, shapes.Channel]]:
    """These memberships of one user, with what is said of each channel; in the order of the channels' ids."""
    members = list(memberships.select_related("channel").order_by("channel_id"))
    counts = count_of(user, [ReadMark(m.channel_id, user, m.read_seq, m.channel.head) for m in members])
    people = _others([member.channel_id for member in members if member.channel.kind == ChannelKind.DIRECT], user)
    moderates = bool(members) and moderates_everywhere(User.objects.get(pk=user))

    def seen(member: Member) -> shapes.Channel:
        unread, mentioned = counts.get(member.channel_id, NONE)
        others = people.get(member.channel_id, [])
        return shapes.channel_to_member(member, unread=unread, mentioned=mentioned, people=others, moderates=moderates)

    return [(member, seen(member)) for member in members]


def channels_among(user: int, channels: Collection[int]) -> dict[int, shapes.Channel]:
    """Those of these channels that the user is in."""
    memberships = Member.objects.with_mutes().filter(user_id=user, channel_id__in=channels)
    return {member.channel_id: seen for member, seen in described(memberships, user)}


def channels_of(user: int, *, shown: int | None = None) -> list[shapes.Channel]:
    """Every channel of the user, as `hello` describes them; and the one that is shown, however long ago it was archived."""
    found = [seen for _, seen in described(Member.objects.with_mutes().filter(user_id=user).in_lists(), user)]
    if shown is None or any(seen.id == shown for seen in found):
        return found
    return [*found, *channels_among(user, [shown]).values()]


def _others(channels: Sequence[int], user: int) -> dict[int, list[User]]:
    people: dict[int, list[User]] = defaultdict(list)
    if channels:
        others = Member.objects.filter(channel_id__in=channels).exclude(user_id=user).select_related("user")
        for member in others.order_by("user_id"):
            people[member.channel_id].append(member.user)
    return people
