"""Creating, renaming and archiving channels."""

import contextlib
from collections.abc import Iterator, Sequence

from django.db import IntegrityError, transaction

from chat import clock, shapes
from chat.allowances.counting import counted
from chat.allowances.table import CREATIONS, JOINS, RENAMES
from chat.models import Act, Channel, ChannelKind, Member, Role, User
from chat.naming import clean_name, looks
from chat.rights.standing import require_may
from chat.rights.table import Right
from chat.services import audit, log
from chat.services.blocks import require_may_bring, require_not_blocked
from chat.services.constraints import violates
from chat.services.members import admit, hold_memberships
from delivery.wire import codec, frames
from delivery.wire.errors import Conflict, Invalid

#: Characters that the columns hold.
NAME_CHARACTERS, TOPIC_CHARACTERS = 80, 250


def open_channel(
    owner: User, *, name: str, topic: str = "", kind: str = ChannelKind.PUBLIC, members: Sequence[User] = ()
) -> Channel:
    """Creates a channel with its owner and first members, all or nothing.

    Raises Invalid, ChannelFull, Conflict for a name that reads or looks like that of a live public channel, or Blocked if a
    block is between the owner and one of the others.
    """
    name = _clean_name(name)
    if kind not in (ChannelKind.PUBLIC, ChannelKind.PRIVATE):
        raise Invalid("A channel is public or private.")
    topic = _clean_topic(topic)
    require_may_bring(owner, others=[user.pk for user in members])
    with counted(CREATIONS, owner), _free_name(name), transaction.atomic():
        channel = Channel.objects.create(**_named(name), topic=topic, kind=kind, created_by=owner)
        _admit_all(channel, owner, members, owner_role=Role.OWNER)
    return channel


def open_direct_channel(user: User, *, others: Sequence[User]) -> tuple[Channel, bool]:
    """The one direct channel of these people, and whether it is new. Raises Invalid if there is nobody else, or Blocked.

    A person who has left it returns only by opening it themselves: others can't bring them back.
    """
    people = {person.pk: person for person in others if person.pk != user.pk}
    if not people:
        raise Invalid("A direct conversation needs somebody else.")
    key = ":".join(str(pk) for pk in sorted([user.pk, *people]))
    existing = Channel.objects.filter(direct_key=key).first()
    if existing is not None:
        return _back_in(existing, user), False
    require_not_blocked(user, others=people)
    try:
        with counted(CREATIONS, user), transaction.atomic():
            channel = Channel.objects.create(kind=ChannelKind.DIRECT, direct_key=key, created_by=user)
            _admit_all(channel, user, list(people.values()), owner_role=Role.MEMBER)
    except IntegrityError as error:
        # The other person opened it at the same moment.
        if violates(error, "channels_direct_key_key"):
            return _back_in(Channel.objects.get(direct_key=key), user), False
        raise
    return channel, True


def _back_in(channel: Channel, user: User) -> Channel:
    here = Member.objects.filter(channel=channel)
    if here.filter(user=user).exists():
        return channel
    with counted(JOINS, user), log.writing(channel.pk) as entry:
        if not here.filter(user=user).exists():
            log.require_live(entry)
            require_not_blocked(user, others=here.values_list("user", flat=True))
            admit(entry, user, actor=user, role=Role.MEMBER)
    return entry.channel


def revise_channel(
    actor: User, *, channel: int, name: str | None = None, topic: str | None = None, reason: str = ""
) -> Channel:
    """Changes name or topic; None leaves it as it is. The name of a direct conversation of several can be removed again.

    Raises Forbidden, Invalid, Archived, Conflict, RateLimited.
    """
    name = None if name is None else _clean(name)
    topic = None if topic is None else _clean_topic(topic)
    reason = audit.bounded_reason(reason)
    with counted(RENAMES, actor), _free_name(name or ""), log.writing(channel) as entry:
        row = entry.channel
        require_may(actor, Right.RENAME, channel=row, reason=reason)
        if name is not None and name != row.name:
            _require_name(name, row)
            _record(Act.CHANNEL_RENAMED, actor, row, reason, {"from": row.name, "to": name})
            row.name = name
            Channel.objects.filter(pk=channel).update(**_named(name))
            entry.note(
                actor, {"type": "channel.renamed", "name": name}, f"{actor.get_full_name()} {_renamed(row, name)}"
            )
        if topic is not None and topic != row.topic:
            _record(Act.CHANNEL_TOPIC, actor, row, reason, {"from": row.topic, "to": topic})
            row.topic = topic
            Channel.objects.filter(pk=channel).update(topic=topic)
            sentence = (
                f"{actor.get_full_name()} set the topic: {row.topic}"
                if row.topic
                else f"{actor.get_full_name()} cleared the topic"
            )
            entry.note(actor, {"type": "channel.topic", "name": row.topic}, sentence)
        tell_all(entry, "updated")
    return row


def archive_channel(actor: User, *, channel: int, reason: str = "") -> Channel:
    """Archives a channel: members can read it, but not write. Repeating does nothing. Raises Invalid, Forbidden, RateLimited."""
    reason = audit.bounded_reason(reason)
    with counted(RENAMES, actor), log.writing(channel) as entry:
        row = entry.channel
        require_may(actor, Right.ARCHIVE, channel=row, reason=reason)
        if row.archived_at is None:
            row.archived_at = clock.now()
            Channel.objects.filter(pk=channel).update(archived_at=row.archived_at)
            _record(Act.CHANNEL_ARCHIVED, actor, row, reason)
            entry.note(actor, {"type": "channel.archived"}, f"{actor.get_full_name()} archived the channel")
            tell_all(entry, "archived")
    return row


def restore_channel(actor: User, *, channel: int, reason: str = "") -> Channel:
    """Takes a channel out of the archive; needs the right to archive it. Repeating does nothing.

    Raises Invalid, Forbidden, RateLimited, or Conflict if a live public channel has its name meanwhile.
    """
    reason = audit.bounded_reason(reason)
    name = Channel.objects.filter(pk=channel).values_list("name", flat=True).first() or ""
    with counted(RENAMES, actor), _free_name(name), log.writing(channel) as entry:
        row = entry.channel
        require_may(actor, Right.ARCHIVE, channel=row, reason=reason)
        if row.archived_at is not None:
            row.archived_at = None
            Channel.objects.filter(pk=channel).update(archived_at=None)
            _record(Act.CHANNEL_RESTORED, actor, row, reason)
            sentence = f"{actor.get_full_name()} took the channel out of the archive"
            entry.note(actor, {"type": "channel.restored"}, sentence)
            tell_all(entry, "updated")
    return row


def _clean_name(name: str) -> str:
    name = _clean(name)
    if not name:
        raise Invalid("A channel needs a name.")
    return name


def _clean(name: str) -> str:
    return clean_name(name, what="A channel's name", most=NAME_CHARACTERS)


def _require_name(name: str, row: Channel) -> None:
    if not name and row.kind != ChannelKind.DIRECT:
        raise Invalid("A channel needs a name.")


def _renamed(row: Channel, name: str) -> str:
    if row.kind != ChannelKind.DIRECT:
        return f"renamed the channel {name}"
    return f"named the conversation {name}" if name else "took the conversation's name away"


def _clean_topic(topic: str) -> str:
    return clean_name(topic, what="A topic", most=TOPIC_CHARACTERS)


def _named(name: str) -> dict[str, str]:
    seen, seen_in_any_case = looks(name)
    return {"name": name, "name_look": seen, "name_look_any_case": seen_in_any_case}


@contextlib.contextmanager
def _free_name(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if violates(error, "channels_name_look_any_case_once") or violates(error, "channels_name_look_once"):
            raise Conflict(f"A public channel is called {name}, or looks so: take another name.") from None
        raise


def _admit_all(channel: Channel, owner: User, members: Sequence[User], *, owner_role: str) -> None:
    entry = log.lock([channel.pk])[channel.pk]
    hold_memberships([owner, *members])
    admit(entry, owner, actor=owner, role=owner_role)
    for user in {user.pk: user for user in members if user.pk != owner.pk}.values():
        admit(entry, user, actor=owner, role=Role.MEMBER)
    log.commit_entries([entry])
    channel.head = entry.channel.head
    channel.member_count = entry.channel.member_count


def _record(act: Act, actor: User, channel: Channel, reason: str, details: dict[str, str] | None = None) -> None:
    audit.record(act, actor=actor, channel=channel.pk, reason=reason, details=details)


def tell_all(entry: log.Entry, action: str) -> None:
    """Sends one push to all members, without each member's own settings."""
    if entry.channel.head > entry.after:
        told = frames.Channel(action=action, channel=shapes.channel_to_all(entry.channel))
        entry.say(codec.encode(told))
