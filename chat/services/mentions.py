"""Whom a message calls: what may be called, and what an edit or a deletion changes of it. Posting does the same in posting.sql."""

from dataclasses import dataclass

import msgspec
from django.conf import settings

from chat import hot
from chat.calls import calls_in
from chat.models import Member, Mention, Message
from chat.rights.table import KEEPERS

_MENTIONS_OF = "SELECT mentions_of(%s, %s::jsonb, %s)::text"


@dataclass(frozen=True, slots=True)
class Called:
    """As mentions_of (posting.sql) takes it: the words that may be names, and in how large a channel everybody is called."""

    names: list[list[str]]
    everyone_within: int | None


def called_by(body: str, *, role: str | None, is_support: bool) -> Called | None:
    """Whom somebody with this role calls; None for nobody.

    In larger channels only owners and moderators call everybody. In a conversation with the support nobody is called: its
    visitor would learn who is called how. In the notes on it agents are.
    """
    if is_support:
        return None
    calls = calls_in(body)
    if not calls.names and not calls.everyone:
        return None
    within = settings.LIMITS.members if role in KEEPERS else settings.LIMITS.everyone_members
    return Called(calls.names, within if calls.everyone else None)


def mentions_in(body: str, *, channel: int, role: str | None, is_support: bool) -> dict[str, object] | None:
    """`mentions` of a message that somebody with this role says there."""
    called = called_by(body, role=role, is_support=is_support)
    if called is None:
        return None
    names = msgspec.json.encode(called.names).decode()
    [(found,)] = hot.rows(_MENTIONS_OF, [channel, names, called.everyone_within])
    return None if found is None else msgspec.json.decode(found, type=dict[str, object])


def keep_mentions(row: Message) -> None:
    """Of a message that is new, under the channel's lock: whom it calls hears of it."""
    _call(row, _who_hears(row, None))


def renew_mentions(row: Message, *, role: str | None, is_support: bool) -> None:
    """After another body, under the channel's lock: sets `mentions`, and who is called by it now and was not hears of it.

    Who joined since is not called by an everybody that stood there before. Saves the rows, not the message.
    """
    was_everyone = row.mentions is not None and row.mentions["everyone"]
    row.mentions = mentions_in(row.body, channel=row.channel_id, role=role, is_support=is_support)
    known = set(Mention.objects.filter(message=row).values_list("user", flat=True))
    called = _who_hears(row, known if was_everyone else None)
    Mention.objects.filter(message=row, user__in=known - called).delete()
    _call(row, called - known)


def forget_mentions(row: Message) -> None:
    """Of a deleted message. Saves the rows, not the message."""
    row.mentions = None
    Mention.objects.filter(message=row).delete()


def _call(row: Message, users: set[int]) -> None:
    Mention.objects.bulk_create(
        Mention(message=row, user_id=user, channel_id=row.channel_id, seq=row.seq, sender_id=row.sender_id)
        for user in sorted(users)
    )


def _who_hears(row: Message, heard: set[int] | None) -> set[int]:
    """`heard`: who was there when it called everybody."""
    if row.mentions is None:
        return set()
    called = set(row.mentions["users"])
    if row.mentions["everyone"]:
        members = Member.objects.filter(channel=row.channel_id)
        called |= set(members.values_list("user", flat=True)) if heard is None else heard
    return called - {row.sender_id}
