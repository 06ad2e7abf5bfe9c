"""Editing and deleting messages."""

import datetime

from chat import clock
from chat.models import Channel, Message, MessageKind, User
from chat.services import log
from chat.services.members import KEEPERS, require_membership
from chat.services.posting import check_body
from delivery.errors import Muted, NotFound

#: How long people may edit what they wrote.
EDIT_HOURS = 24


def edit_message(editor: User, *, channel: int, message: int, body: str) -> Message:
    """Another body, with a new number; the same body does nothing. Own messages only, within 24 hours."""
    check_body(body)
    with log.writing(channel) as entry:
        member = require_membership(editor.pk, channel=channel)
        row = _message_in(entry, message)
        log.require_live(entry)
        log.require(row.kind == MessageKind.TEXT and row.sender_id == editor.pk, "Only the author can edit a message.")
        log.require(row.deleted_at is None, "This message was deleted.")
        if not log.is_past(member.muted_until, entry.now):
            raise Muted
        age = entry.now - row.created_at
        log.require(age <= datetime.timedelta(hours=EDIT_HOURS), f"A message can be edited for {EDIT_HOURS} hours.")
        if row.body != body:
            row.body, row.edited_at = body, clock.now()
            _renumber(entry, row, "body", "edited_at")
    return row


def delete_message(actor: User, *, channel: int, message: int) -> Message:
    """Empties a message, with a new number; its place stays. Repeating does nothing. Own ones, or any as a keeper."""
    with log.writing(channel) as entry:
        member = require_membership(actor.pk, channel=channel)
        row = _message_in(entry, message)
        may = row.sender_id == actor.pk or member.role in KEEPERS
        log.require(row.kind == MessageKind.TEXT and may, "Only the author or a moderator can delete a message.")
        log.require_live(entry)
        if row.deleted_at is None:
            row.body, row.deleted_at = "", clock.now()
            _renumber(entry, row, "body", "deleted_at")
    return row


def _message_in(entry: log.Entry, message: int) -> Message:
    row = Message.objects.filter(channel=entry.channel, pk=message).for_the_wire().first()
    if row is None:
        raise NotFound("There is no such message in this channel.")
    return row


def _renumber(entry: log.Entry, row: Message, *fields: str) -> None:
    row.rev = entry.next_number()
    row.save(update_fields=["rev", *fields])
    entry.changed(row)


def channel_of(user: User, channel: int) -> Channel:
    """The channel, if the user may see it. Raises NotFound."""
    row = Channel.objects.visible_to(user).filter(pk=channel).first()
    if row is None:
        raise NotFound
    return row
