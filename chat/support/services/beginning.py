"""Begins conversations with the visitor's first message, in one transaction, once for each client_msg_id."""

import uuid
from dataclasses import replace
from urllib.parse import urlsplit

from django.db import transaction

from chat.allowances.counting import counted
from chat.allowances.table import BEGINNINGS
from chat.models import Channel, ChannelKind, Conversation, Message, Role, User
from chat.naming import looks
from chat.services import log
from chat.services.drafts import Draft, check_draft
from chat.services.members import begin_membership, prepare_membership
from chat.services.message_digest import digest_as_posted
from chat.services.posting_files import post_with_files
from chat.support.models import Contact, Ticket
from chat.support.services.desk_lines import write_desk_line
from delivery.wire.errors import Conflict, Forbidden, NotFound

#: Characters of Ticket.page and Ticket.locale.
PAGE_CHARACTERS, LOCALE_CHARACTERS = 500, 35


def begin(
    visitor: User,
    *,
    client_msg_id: uuid.UUID,
    body: str,
    files: tuple[int, ...] = (),
    page: str = "",
    locale: str = "",
) -> tuple[Conversation, bool]:
    """Begins a conversation with the visitor's first message; returns it, and whether it is new: a repeat finds the first one.

    The visitor waits in it, and the inbox's desk is told. Raises the refusals of a message's body and files, Conflict for the same
    id with another content, NotFound if the inbox accepts no new conversations, Forbidden for a blocked visitor, or RateLimited.
    """
    if not visitor.is_visitor:
        raise Forbidden("Only a visitor can begin a conversation with the support.")
    # Its channel is created with it.
    draft = Draft(channel=0, sender=visitor.pk, client_msg_id=client_msg_id, body=body, files=files)
    check_draft(draft)
    try:
        return _begin_once(visitor, draft, page=page, locale=locale)
    except Conflict:
        # Another tab has posted the same message to an earlier conversation at this moment.
        earlier = _begun_by(visitor, draft)
        if earlier is None:
            raise
        return earlier, False


def _begin_once(visitor: User, draft: Draft, *, page: str, locale: str) -> tuple[Conversation, bool]:
    with transaction.atomic():
        # Locks the visitor's own row: if the same message comes twice at once, the second waits and finds the first.
        if User.objects.select_for_update(no_key=True).filter(pk=visitor.pk).first() is None:
            raise NotFound("This visit has ended: begin another one.")
        earlier = _begun_by(visitor, draft)
        if earlier is not None:
            return earlier, False
        contact = _contact(visitor)
        with counted(BEGINNINGS, visitor):
            return _begin(contact, draft, page=page, locale=locale), True


def _begun_by(visitor: User, draft: Draft) -> Conversation | None:
    message = Message.objects.filter(sender=visitor, client_msg_id=draft.client_msg_id).first()
    if message is None:
        return None
    first = digest_as_posted(message)
    if first is not None and first != replace(draft, channel=message.channel_id).digest:
        raise Conflict
    return Conversation.objects.get(channel=message.channel_id)


def _contact(visitor: User) -> Contact:
    contact = Contact.objects.select_related("inbox", "visitor").filter(visitor=visitor).first()
    if contact is None or not contact.inbox.is_enabled:
        raise NotFound("There is no such inbox, or it accepts no new conversations.")
    if contact.blocked_at is not None or not contact.visitor.is_active:
        raise Forbidden("You can't write to this inbox any more.")
    return contact


def _begin(contact: Contact, draft: Draft, *, page: str, locale: str) -> Conversation:
    inbox, visitor = contact.inbox, contact.visitor
    entry = log.lock([_open_channel(visitor).pk]).popitem()[1]
    _write_log(entry, visitor, replace(draft, channel=entry.channel.pk))
    conversation = Conversation.objects.create(
        channel=entry.channel,
        desk_id=inbox.desk_id,
        visitor=visitor,
        waiting_since=entry.now,
        lease_seconds=inbox.lease_seconds,
    )
    Ticket.objects.create(
        conversation=conversation,
        inbox=inbox,
        verified=contact.identity != "",
        page=_without_secrets(page)[:PAGE_CHARACTERS],
        locale=locale[:LOCALE_CHARACTERS],
    )
    # The desk is locked last.
    desk = log.lock([inbox.desk_id])[inbox.desk_id]
    sentence = f"{visitor.get_full_name()} began a conversation"
    write_desk_line(desk, conversation, "conversation.begun", by=visitor, sentence=sentence)
    log.commit_entries([entry, desk])
    return conversation


def _open_channel(visitor: User) -> Channel:
    name = visitor.get_full_name()
    seen, seen_in_any_case = looks(name)
    return Channel.objects.create(
        name=name,
        name_look=seen,
        name_look_any_case=seen_in_any_case,
        kind=ChannelKind.PRIVATE,
        is_support=True,
        created_by=visitor,
    )


def _write_log(entry: log.Entry, visitor: User, draft: Draft) -> None:
    prepare_membership(entry, visitor, actor=visitor)
    event = {"type": "conversation.begun", "user": visitor.pk}
    begun = entry.note(visitor, event, "The conversation began")
    begin_membership(entry, visitor, role=Role.MEMBER, number=begun.seq)
    post_with_files(entry, visitor, draft)


def _without_secrets(page: str) -> str:
    try:
        parts = urlsplit(page)
    except ValueError:
        return ""
    _, _, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme in ("http", "https") else ""
