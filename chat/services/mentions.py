"""Mentions: whom a message may mention, and how edits and deletions change it. Posting does the same in posting.sql."""

from dataclasses import dataclass

import msgspec
from django.conf import settings

from chat import prepared_sql
from chat.mention_syntax import mentions_in_text
from chat.models import Member, Mention, Message
from chat.rights.table import KEEPERS

_MENTIONS_OF = "SELECT mentions_of(%s, %s::jsonb, %s)::text"


@dataclass(frozen=True, slots=True)
class MentionQuery:
    """The argument of mentions_of (posting.sql): words that may be names, and the largest channel in which all are mentioned."""

    names: list[list[str]]
    everyone_within: int | None


def mention_query(body: str, *, role: str | None, is_support: bool) -> MentionQuery | None:
    """The mentions in a text by a member with this role; None if there are none.

    In larger channels only owners and moderators can mention everybody. A conversation with the support has no mentions: they
    would tell its visitor the agents' usernames. Its notes have mentions.
    """
    if is_support:
        return None
    found = mentions_in_text(body)
    if not found.names and not found.everyone:
        return None
    within = settings.LIMITS.members if role in KEEPERS else settings.LIMITS.everyone_members
    return MentionQuery(found.names, within if found.everyone else None)


def mentions_in(body: str, *, channel: int, role: str | None, is_support: bool) -> dict[str, object] | None:
    """The field `mentions` of a message by a member with this role in this channel."""
    query = mention_query(body, role=role, is_support=is_support)
    if query is None:
        return None
    names = msgspec.json.encode(query.names).decode()
    [(found,)] = prepared_sql.rows(_MENTIONS_OF, [channel, names, query.everyone_within])
    return None if found is None else msgspec.json.decode(found, type=dict[str, object])


def keep_mentions(row: Message) -> None:
    """Stores the mentions of a new message, under the channel's lock."""
    _store(row, _mentioned_users(row, None))


def renew_mentions(row: Message, *, role: str | None, is_support: bool) -> None:
    """After an edit, under the channel's lock: sets `mentions`, and stores the mentions that are new.

    A mention of everybody in the old text does not count for members who joined since. Saves the rows, not the message.
    """
    was_everyone = row.mentions is not None and row.mentions["everyone"]
    row.mentions = mentions_in(row.body, channel=row.channel_id, role=role, is_support=is_support)
    known = set(Mention.objects.filter(message=row).values_list("user", flat=True))
    mentioned = _mentioned_users(row, known if was_everyone else None)
    Mention.objects.filter(message=row, user__in=known - mentioned).delete()
    _store(row, mentioned - known)


def forget_mentions(row: Message) -> None:
    """Removes the mentions of a deleted message. Saves the rows, not the message."""
    row.mentions = None
    Mention.objects.filter(message=row).delete()


def _store(row: Message, users: set[int]) -> None:
    Mention.objects.bulk_create(
        Mention(message=row, user_id=user, channel_id=row.channel_id, seq=row.seq, sender_id=row.sender_id)
        for user in sorted(users)
    )


def _mentioned_users(row: Message, heard: set[int] | None) -> set[int]:
    """The mentioned users. `heard`: the members at the time when the message mentioned everybody."""
    if row.mentions is None:
        return set()
    mentioned = set(row.mentions["users"])
    if row.mentions["everyone"]:
        members = Member.objects.filter(channel=row.channel_id)
        mentioned |= set(members.values_list("user", flat=True)) if heard is None else heard
    return mentioned - {row.sender_id}
