"""The messages of an erased person, emptied with a new number if that was chosen; reactions and mentions go always."""

import re
from collections.abc import Callable

from django.db.models import Q

from chat.models import ChannelKind, Erasure, File, Mention, Message, MessageKind, MessageVersion, Reaction
from chat.models.message import MessageQuerySet
from chat.services import log
from chat.services.erasing.names import conversations_of, event_without_names, username_for, without_names
from chat.services.message_digest import digest_as_posted
from chat.services.messages import empty_message
from chat.services.reactions import reactions_of

#: Messages in one transaction, and rows of tables on whose locks nobody waits.
AT_ONCE, ROWS_AT_ONCE = 50, 1000
#: Bytes that a body holds.
_BODY_BYTES = 2048
#: The name in conversing.sql for a person without a name.
SUPPORT = "Support"
#: System lines that one step reads, by number.
_LINES_AT_ONCE = 20_000


def delete_messages(erasure: Erasure) -> int:
    """Deletes the person's messages, if that was chosen: each takes the next number, as if the person had deleted it.

    Reported messages are kept as evidence, and messages of channels on hold stay as they are.
    """
    if erasure.keeps_messages:
        return 0
    said = Message.objects.filter(sender=erasure.user_id, kind=MessageKind.TEXT, deleted_at=None)
    return _each_in_one_channel(said.exclude(channel__is_held=True), empty_message)


def forget_versions(erasure: Erasure) -> int:
    """Deletes earlier versions of the person's messages, except evidence and versions in channels on hold."""
    of_theirs = MessageVersion.objects.filter(message__sender=erasure.user_id, message__reports=None)
    versions = of_theirs.exclude(message__channel__is_held=True)
    found = list(versions.values_list("pk", flat=True)[:ROWS_AT_ONCE])
    MessageVersion.objects.filter(pk__in=found).delete()
    return len(found)


def take_reactions_back(erasure: Erasure) -> int:
    theirs = Reaction.objects.filter(user=erasure.user_id)

    def take_back(entry: log.Entry, row: Message) -> None:
        theirs.filter(message=row).delete()
        row.reactions = reactions_of(row)
        entry.revise(row, "reactions")

    return _each_in_one_channel(Message.objects.filter(pk__in=theirs.values("message")), take_back)


def forget_mentions_of(erasure: Erasure) -> int:
    """Removes mentions of the person: others' messages stay, but their `@name` mentions nobody from then on."""
    theirs = Mention.objects.filter(user=erasure.user_id)

    def forget(entry: log.Entry, row: Message) -> None:
        theirs.filter(message=row).delete()
        _call_nobody(entry, row, erasure)

    return _each_in_one_channel(Message.objects.filter(pk__in=theirs.values("message")), forget)


def _each_in_one_channel(messages: MessageQuerySet, change: Callable[[log.Entry, Message], None]) -> int:
    channel = messages.order_by("channel").values_list("channel", flat=True).first()
    if channel is None:
        return 0
    with log.writing(channel) as entry:
        here = list(messages.filter(channel=channel).order_by("seq").values_list("pk", flat=True)[:AT_ONCE])
        for pk in here:
            change(entry, entry.message(pk))
    return len(here)


def _call_nobody(entry: log.Entry, row: Message, erasure: Erasure) -> None:
    called = row.mentions or {}
    if erasure.user_id not in called.get("users", ()):
        return
    row.said_digest = digest_as_posted(row)
    row.body = _uncalled(row.body, erasure)
    others = [user for user in called["users"] if user != erasure.user_id]
    row.mentions = {**called, "users": others} if others or called["everyone"] else None
    for version in MessageVersion.objects.filter(message=row):
        MessageVersion.objects.filter(pk=version.pk).update(body=_uncalled(version.body, erasure))
    entry.revise(row, "body", "mentions", "said_digest")


def _uncalled(body: str, erasure: Erasure) -> str:
    name = re.compile(rf"@{re.escape(erasure.names[0])}(?![A-Za-z0-9_-])", re.IGNORECASE)
    for instead in (f"@{username_for(erasure.user_id)}", "@-"):
        said = name.sub(instead, body)
        if len(said.encode()) <= _BODY_BYTES:
            return said
    return body


def give_up_uploads(erasure: Erasure) -> int:
    """Gives up the person's files that no message has: the sweep deletes their bytes, as for all left-over files."""
    long_ago = erasure.user.date_joined.replace(year=1970)
    unsent = File.objects.filter(uploader=erasure.user_id, taken_at=None).exclude(created_at=long_ago)
    return unsent.update(created_at=long_ago, name="-")


def spell_system_lines(erasure: Erasure) -> int:
    """Removes the person's names from system lines.

    The lines get no new number, because clients would announce them again. Open pages show the old names until they reload.
    """
    lines = Message.objects.filter(kind=MessageKind.SYSTEM, pk__gt=erasure.position).order_by("pk")
    last = lines.values_list("pk", flat=True)[_LINES_AT_ONCE : _LINES_AT_ONCE + 1].first()
    about = Q(sender=erasure.user_id) | Q(event__user=erasure.user_id)
    about |= Q(event__type="channel.renamed", channel__in=conversations_of(erasure.user_id))
    for name in erasure.names:
        about |= Q(body__endswith=f", invited by {name}")
    lines = lines.select_related("channel")
    found = lines.filter(about) if last is None else lines.filter(about, pk__lte=last)
    erasure.position = last or 0
    return sum(_spell(row, erasure) for row in found.iterator(chunk_size=500))


def _spell(row: Message, erasure: Erasure) -> bool:
    body = without_names(row.body, erasure.names)
    is_direct = row.channel.kind == ChannelKind.DIRECT
    event = event_without_names(row.event or {}, erasure.names, user=erasure.user_id, is_direct=is_direct)
    is_other = (body, event) != (row.body, row.event or {})
    if is_other:
        Message.objects.filter(pk=row.pk).update(body=body, event=event)
    return is_other


def forget_public_name(erasure: Erasure) -> int:
    """Forgets the name by which the support's customers knew the person."""
    spoken = Message.objects.filter(sender=erasure.user_id).exclude(said_as__in=("", SUPPORT))
    found = list(spoken.values_list("pk", flat=True)[:ROWS_AT_ONCE])
    Message.objects.filter(pk__in=found).update(said_as=SUPPORT)
    return len(found)
