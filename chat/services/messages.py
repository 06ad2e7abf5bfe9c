"""Editing and deleting messages, and keeping their earlier versions."""

import datetime
import uuid
import zlib
from collections.abc import Collection
from typing import Protocol

from django.conf import settings

from chat.allowances.counting import counted, unless_bulk
from chat.allowances.table import REVISIONS
from chat.models import Act, Channel, File, Message, MessageKind, MessageVersion, Reaction, Report, Saved, User, Verdict
from chat.rights.standing import require_may, standing_of
from chat.rights.table import RULES, Right
from chat.services import audit, log
from chat.services.blocks import require_reach
from chat.services.drafts import check_body
from chat.services.mentions import forget_mentions, renew_mentions
from chat.services.message_digest import digest_as_posted
from chat.services.reports import close_case, is_open_case
from chat.services.roots import count_again, follow_where_called
from delivery.wire.errors import Empty, NotFound, Outdated


class Tagged(Protocol):
    """A message, as a row or as it is sent."""

    @property
    def rev(self) -> int: ...

    @property
    def client_msg_id(self) -> uuid.UUID: ...

    @property
    def body(self) -> str: ...


def edit_message(
    editor: User, *, channel: int, message: int, body: str, only_at: Collection[str] | None = None
) -> Message:
    """Edits a message, with a new number; the same body does nothing. Only own messages, within 24 hours, a hundred times.

    The text before is kept for moderators, in the same transaction; no version is ever dropped.
    only_at: the tags (`tag_of`) that the editor has seen; raises Outdated if the message has another tag now.
    """
    check_body(body, may_be_empty=True)
    most = settings.LIMITS.versions
    with counted(REVISIONS, editor), log.writing(channel) as entry:
        standing = require_may(editor, Right.EDIT_OWN, channel=entry.channel)
        # An edited text reaches the other person too, like a new message.
        require_reach(editor, channel=entry.channel)
        row = entry.message(message)
        log.require(row.kind == MessageKind.TEXT and row.sender_id == editor.pk, RULES[Right.EDIT_OWN].refusal)
        log.require(row.deleted_at is None, "This message was deleted.")
        # A message with files may lose its text.
        if not body and row.files is None:
            raise Empty
        hours = settings.LIMITS.edit_hours
        _require_seen(row, only_at)
        is_young = entry.now - row.created_at <= datetime.timedelta(hours=hours)
        log.require(is_young, f"A message can be edited for {hours} hours.")
        if row.body != body:
            versions = MessageVersion.objects.filter(message=row).count()
            log.require(versions < most, f"A message can be edited {most} times.")
            _keep_version(row, replaced_at=entry.now)
            row.said_digest = digest_as_posted(row)
            row.body, row.edited_at = body, entry.now
            role = standing.member.role if standing.member else None
            renew_mentions(row, role=role, is_support=entry.channel.is_support)
            follow_where_called(row)
            entry.revise(row, "body", "edited_at", "said_digest", "mentions")
    return row


def delete_message(
    actor: User, *, channel: int, message: int, reason: str = "", only_at: Collection[str] | None = None
) -> Message:
    """Empties a message, with a new number; it keeps its place. Repeating does nothing. Authors delete their own, moderators any.

    The text is gone for everybody, staff included, unless the message was reported: then it is kept as evidence, and its files
    until the verdict. The audit log notes a moderator's deletion, which upholds the open reports about the message.
    only_at: as for an edit.
    """
    reason = audit.bounded_reason(reason)
    # Deleting own messages is no moderation, even many in one act.
    is_own = Message.objects.filter(pk=message, sender=actor).exists()
    with counted(REVISIONS if is_own else unless_bulk(REVISIONS), actor), log.writing(channel) as entry:
        # A user without a standing here learns nothing of the message.
        standing_of(actor, channel=channel)
        row = entry.message(message)
        rights = (Right.DELETE_OWN, Right.DELETE_ANY) if is_own else (Right.DELETE_ANY,)
        # Deleting an own message is no act of moderation, and needs no reason.
        require_may(actor, *rights, channel=entry.channel, reason=None if is_own else reason)
        log.require(row.kind == MessageKind.TEXT, "A line about the channel can't be deleted.")
        _require_seen(row, only_at)
        if row.deleted_at is None:
            empty_message(entry, row)
            if not is_own:
                close_case(row, actor=actor, verdict=Verdict.UPHELD, reason=reason or "The message was deleted.")
                audit.record(
                    Act.MESSAGE_DELETED,
                    actor=actor,
                    whom=row.sender_id,
                    channel=channel,
                    message=row.pk,
                    reason=reason,
                )
    return row


def empty_message(entry: log.Entry, row: Message) -> None:
    """Removes the text and all that belongs to it, with a new number, and another number for the root of its thread."""
    _keep_or_forget(row, deleted_at=entry.now)
    row.said_digest = digest_as_posted(row)
    row.body, row.deleted_at = "", entry.now
    row.files = row.reactions = row.pinned_at = None
    # From now on nobody gets the files; the sweep deletes their bytes, those of a reported message after the verdict.
    File.objects.filter(message=row).update(message=None, evidence_of=row if is_open_case(row) else None)
    Reaction.objects.filter(message=row).delete()
    Saved.objects.filter(message=row).delete()
    forget_mentions(row)
    entry.revise(row, "body", "deleted_at", "said_digest", "files", "reactions", "pinned_at", "mentions")
    if row.thread_id is not None:
        count_again(entry, entry.message(row.thread_id))


def tag_of(message: Tagged) -> str:
    """The tag of a message, which differs after each change, also after a restore that has used its number again.

    Receipts of others do not change it.
    """
    said = f"{message.client_msg_id} {message.body}"
    return f"{message.rev}.{zlib.crc32(said.encode()):08x}"


def _require_seen(row: Message, only_at: Collection[str] | None) -> None:
    if only_at is not None and tag_of(row) not in only_at:
        raise Outdated


def _keep_version(row: Message, *, replaced_at: datetime.datetime) -> None:
    MessageVersion.objects.create(
        message=row,
        number=MessageVersion.objects.filter(message=row).count() + 1,
        body=row.body,
        written_at=row.edited_at or row.created_at,
        replaced_at=replaced_at,
    )


def _keep_or_forget(row: Message, *, deleted_at: datetime.datetime) -> None:
    if Report.objects.filter(message=row).exists():
        _keep_version(row, replaced_at=deleted_at)
    else:
        MessageVersion.objects.filter(message=row).delete()


def channel_of(user: User, channel: int) -> Channel:
    """The channel, if the user may see it. Raises NotFound."""
    row = Channel.objects.visible_to(user).filter(pk=channel).first()
    if row is None:
        raise NotFound
    return row
