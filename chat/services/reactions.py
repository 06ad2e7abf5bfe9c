"""Reactions: a row for each user, emoji and message; each change also changes the message, under the channel's lock."""

from django.conf import settings

from chat.allowances.counting import counted
from chat.allowances.table import REACTIONS
from chat.emoji import fully_qualified
from chat.models import Message, MessageKind, Reaction, User
from chat.rights.standing import require_may
from chat.rights.table import Right
from chat.services import log
from chat.services.blocks import require_reach
from delivery.wire.errors import Invalid


def add_reaction(user: User, *, channel: int, message: int, emoji: str) -> Message:
    """Adds the user's reaction to the message, with a new number; repeating changes nothing.

    Raises Invalid for text that is no emoji, one kind too many, a deleted message and a system message.
    """
    with counted(REACTIONS, user), log.writing(channel) as entry:
        row, known = _asked(entry, user, message, emoji)
        mine = {"message": row, "emoji": known, "user": user}
        if not Reaction.objects.filter(**mine).exists():
            if known not in dict(row.reactions or []) and len(row.reactions or []) >= settings.LIMITS.reaction_kinds:
                raise Invalid(f"A message takes {settings.LIMITS.reaction_kinds} different reactions.")
            Reaction.objects.create(**mine)
            show_reactions(entry, row)
    return row


def remove_reaction(user: User, *, channel: int, message: int, emoji: str) -> Message:
    """Removes the user's reaction from the message, with a new number; without one nothing changes. Raises as above."""
    with counted(REACTIONS, user), log.writing(channel) as entry:
        row, known = _asked(entry, user, message, emoji)
        removed, _ = Reaction.objects.filter(message=row, emoji=known, user=user).delete()
        if removed:
            show_reactions(entry, row)
    return row


def show_reactions(entry: log.Entry, row: Message) -> None:
    """Sets the message's reactions from the rows, with a new number."""
    row.reactions = reactions_of(row)
    entry.revise(row, "reactions")


def _asked(entry: log.Entry, user: User, message: int, emoji: str) -> tuple[Message, str]:
    require_may(user, Right.REACT, channel=entry.channel)
    require_reach(user, channel=entry.channel)
    row = entry.message(message)
    known = fully_qualified(emoji)
    if known is None:
        raise Invalid("That is not an emoji.")
    if row.kind != MessageKind.TEXT or row.deleted_at is not None:
        raise Invalid("You can react only to messages of people that are not deleted.")
    return row, known


def reactions_of(row: Message) -> list[tuple[str, list[int]]] | None:
    """The message's reactions, from the rows: a kind keeps its place as long as it has a user, a new kind comes last."""
    found: dict[str, list[int]] = {}
    for emoji, user in Reaction.objects.filter(message=row).order_by("pk").values_list("emoji", "user_id"):
        found.setdefault(emoji, []).append(user)
    places = [emoji for emoji in dict(row.reactions or []) if emoji in found]
    return [(emoji, found[emoji]) for emoji in dict.fromkeys([*places, *found])] or None
