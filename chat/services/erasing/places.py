"""The channels of an erased person: they leave each with a numbered change, and conversations named after them lose the name."""

from django.db import connection
from django.db.models import F

from chat.models import Channel, ChannelKind, Erasure, Member, Role, User
from chat.naming import looks
from chat.services import log
from chat.services.channels import tell_all
from chat.services.erasing.names import conversations_of, without_names
from chat.services.members import end_membership

#: Nobody can leave a conversation of two: the other person keeps it, with the erased account in it.
OF_TWO = r"^[0-9]+:[0-9]+$"

#: All is marked as read, without a time; the person's own settings are those of a new membership.
_FORGET_CURSORS = """
UPDATE channel_members AS member SET delivered_seq = channel.head, read_seq = channel.head, last_seen = NULL, last_typing = NULL,
    notify_level = 'all', is_favourite = false, section = '', listed_until = NULL, public_name = '', version = version + 1
FROM channels AS channel WHERE channel.id = member.channel_id AND member.user_id = %s
"""


def leave_channels(erasure: Erasure) -> int:
    """Leaves one channel in a transaction. If the person is the last owner, a moderator or the oldest member becomes owner."""
    theirs = Member.objects.filter(user=erasure.user_id).exclude(channel__direct_key__regex=OF_TWO)
    channel = theirs.order_by("pk").values_list("channel", flat=True).first()
    if channel is None:
        return 0
    with log.writing(channel) as entry:
        member = Member.objects.select_related("user").filter(channel=channel, user=erasure.user_id).first()
        if member is None:
            return 1
        if entry.channel.is_support or entry.channel.kind in (ChannelKind.INNER, ChannelKind.DESK):
            # Left over memberships of an agent after the desk has removed them: customers do not learn which agents come and go.
            member.delete()
            log.count_members(entry, -1)
            return 1
        if member.role == Role.OWNER:
            _hand_over(entry, member)
        end_membership(
            entry, member, actor=member.user, event="member.left", sentence=f"{member.user.get_full_name()} left"
        )
    return 1


def forget_cursors(erasure: Erasure) -> int:
    """Resets the person's cursors in conversations of two, which stay."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_CURSORS, [erasure.user_id])
    return 0


def rename_conversations(erasure: Erasure) -> int:
    """Removes the name of direct conversations that are named after the person; one in a transaction."""
    for channel in conversations_of(erasure.user_id).exclude(name="").order_by("pk"):
        name = without_names(channel.name, erasure.names)[:80]
        if name != channel.name:
            _rename(channel.pk, erasure.user, name)
            return 1
    return 0


def _rename(channel: int, user: User, name: str) -> None:
    seen, seen_in_any_case = looks(name)
    with log.writing(channel) as entry:
        entry.channel.name = name
        Channel.objects.filter(pk=channel).update(name=name, name_look=seen, name_look_any_case=seen_in_any_case)
        entry.note(user, {"type": "channel.renamed", "name": name}, f"The conversation is called {name}")
        tell_all(entry, "updated")


def _hand_over(entry: log.Entry, member: Member) -> None:
    others = Member.objects.filter(channel=entry.channel).exclude(pk=member.pk)
    if others.filter(role=Role.OWNER).exists():
        return
    active = others.filter(user__is_active=True).select_related("user")
    heir = active.filter(role=Role.MODERATOR).order_by("pk").first() or active.order_by("pk").first()
    if heir is None:
        return
    Member.objects.filter(pk=heir.pk).update(role=Role.OWNER, version=F("version") + 1)
    event = {"type": "member.role", "user": heir.user_id, "role": Role.OWNER}
    entry.note(member.user, event, f"{heir.user.get_full_name()} is an owner now")
    entry.opened(heir.user_id, "updated")
