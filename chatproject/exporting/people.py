"""Exports all data about a person, without messages of others, and without the people who have blocked or reported them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Q
from msgspec import to_builtins

from chat import shapes
from chat.models import (
    Act,
    AuditEntry,
    Ban,
    Block,
    Channel,
    ChannelKind,
    File,
    Invite,
    Member,
    Mention,
    Message,
    MessageKind,
    MessageVersion,
    Reaction,
    Report,
    Sanction,
    Saved,
    SignInAddress,
    ThreadFollower,
    Token,
    User,
)
from chat.services import audit
from chat.support.models import Agent, Contact, Rating
from chatproject.exporting.archive import AT_ONCE, Archive, snapshot, streamed
from chatproject.exporting.channels import FORMAT, file_described
from delivery.wire.types import spell_time, time_now


def export_user(user: User, path: Path, *, reason: str) -> dict[str, int]:
    """Writes the zip, as of one moment; returns the number of lines of each entry. Raises OSError, Invalid.

    The audit log notes the export first, also one that fails. Memory is bounded for any number of messages.
    """
    audit.record(Act.USER_EXPORTED, actor=None, whom=user.pk, reason=audit.checked_reason(reason))
    with snapshot(), Archive.at(path) as archive:
        row = User.objects.get(pk=user.pk)
        archive.one("account.json", {"format": FORMAT, "made_at": time_now(), **_account(row)})
        for name, lines in ENTRIES.items():
            archive.lines(name, lines(row))
        archive.files(_files(row).iterator(chunk_size=AT_ONCE))
    return archive.counts


def _account(row: User) -> dict[str, Any]:
    contact = Contact.objects.filter(visitor=row).first()
    return {
        "id": row.pk,
        "username": row.username,
        "display_name": row.display_name,
        "email": row.email,
        "kind": row.kind,
        "is_active": row.is_active,
        "is_staff": row.is_staff,
        "roles": sorted(row.groups.values_list("name", flat=True)),
        "rights": sorted(row.user_permissions.values_list("codename", flat=True)),
        "date_joined": spell_time(row.date_joined),
        "last_login": spell_time(row.last_login),
        "status": row.chosen_status,
        "activity": row.activity,
        "shows_typing": row.shows_typing,
        "unread_first": row.unread_first,
        "contact": contact and {"email": contact.email, "identity": contact.identity, "attributes": contact.attributes},
    }


def _messages(user: User) -> Iterator[Any]:
    said = Message.objects.filter(sender=user, kind=MessageKind.TEXT).for_the_wire().order_by("pk")
    return streamed(said, shapes.message_of)


def _versions(user: User) -> Iterator[Any]:
    rows = MessageVersion.objects.filter(message__sender=user).order_by("pk")
    return streamed(
        rows, lambda row: {"message": row.message_id, "body": row.body, "written_at": spell_time(row.written_at)}
    )


def _channels(user: User) -> Iterator[Any]:
    rows = Member.objects.filter(user=user).select_related("channel").order_by("channel")
    return streamed(rows, lambda row: _membership(row))


def _membership(row: Member) -> dict[str, Any]:
    return {
        "channel": to_builtins(shapes.channel_of(row.channel, people=_others(row))),
        "role": row.role,
        "joined_at": spell_time(row.created_at),
        "delivered_seq": row.delivered_seq,
        "read_seq": row.read_seq,
        "notify_level": row.notify_level,
        "favourite": row.is_favourite,
        "section": row.section,
        "last_seen": spell_time(row.last_seen),
        "public_name": row.public_name,
    }


def _others(row: Member) -> list[User]:
    """The other people of a direct conversation; their names are its name."""
    if row.channel.kind != ChannelKind.DIRECT:
        return []
    return list(User.objects.filter(memberships__channel=row.channel_id).exclude(pk=row.user_id).order_by("pk"))


def _opened(user: User) -> Iterator[Any]:
    return streamed(Channel.objects.filter(created_by=user).order_by("pk"), shapes.channel_of)


def _columns(model: Any, by: str, *columns: str) -> Callable[[User], Iterator[Any]]:
    """These columns of the model's rows that refer to the person by this column."""

    def lines(user: User) -> Iterator[Any]:
        return iter(model.objects.filter(**{by: user}).order_by("pk").values(*columns).iterator(chunk_size=AT_ONCE))

    return lines


def _sessions(user: User) -> Iterator[Any]:
    for row in Session.objects.order_by("expire_date").iterator(chunk_size=AT_ONCE):
        if str(row.get_decoded().get(SESSION_KEY)) == str(user.pk):
            yield {"expires_at": spell_time(row.expire_date)}


def _reports_about(user: User) -> Iterator[Any]:
    # Without the reporter and the reason, which are another person's data.
    rows = Report.objects.filter(message__sender=user).order_by("pk")
    return iter(rows.values("message", "body", "created_at", "closed_at", "verdict").iterator(chunk_size=AT_ONCE))


def _audit(user: User) -> Iterator[Any]:
    rows = AuditEntry.objects.filter(Q(actor=user) | Q(whom=user)).order_by("pk")
    return streamed(rows, lambda row: _line(row, user))


def _line(row: AuditEntry, user: User) -> dict[str, Any]:
    is_theirs = row.actor_id == user.pk
    is_report = row.act == Act.MESSAGE_REPORTED and not is_theirs
    return {
        "at": spell_time(row.created_at),
        "act": row.act,
        "by_them": is_theirs,
        "channel": row.channel_id,
        "message": row.message_id,
        # Without their reporters too.
        "reason": "" if is_report else row.reason,
        "details": {} if is_report else row.details,
        "door": row.door if is_theirs else None,
        "address": row.address if is_theirs else None,
    }


def _files(user: User) -> Any:
    return File.objects.filter(uploader=user).whole().held().order_by("pk")


#: Each entry with its content. `personal.py` says which entry has which reference to a person.
ENTRIES: Mapping[str, Callable[[User], Iterator[Any]]] = MappingProxyType(
    {
        "messages.jsonl": _messages,
        "versions.jsonl": _versions,
        "channels.jsonl": _channels,
        "opened.jsonl": _opened,
        "reactions.jsonl": _columns(Reaction, "user", "message", "message__channel", "emoji"),
        "mentions.jsonl": _columns(Mention, "user", "message", "channel", "seq", "sender"),
        "saved.jsonl": _columns(Saved, "user", "message", "message__channel"),
        "threads.jsonl": _columns(ThreadFollower, "user", "root", "is_following", "read_seq"),
        "files.jsonl": lambda user: streamed(_files(user), file_described),
        "tokens.jsonl": _columns(Token, "user", "name", "scopes", "created_at", "last_used_at", "expires_at"),
        "sessions.jsonl": _sessions,
        "signed_in_from.jsonl": _columns(SignInAddress, "user", "line", "last_at"),
        "blocks.jsonl": _columns(Block, "blocker", "blocked", "blocked__username", "created_at"),
        "invites.jsonl": _columns(Invite, "created_by", "uses", "used", "created_at", "expires_at"),
        "reports.jsonl": _columns(Report, "reporter", "message", "channel", "reason", "created_at", "verdict"),
        "reports_about.jsonl": _reports_about,
        "sanctions.jsonl": _columns(Sanction, "user", "channel", "kind", "until", "reason", "created_at"),
        "bans.jsonl": _columns(Ban, "user", "reason", "created_at", "lifted_at", "lifted_reason"),
        "audit.jsonl": _audit,
        "desks.jsonl": _columns(Agent, "user", "inbox__name", "capacity", "accepting", "supervises"),
        "ratings.jsonl": _columns(Rating, "conversation__visitor", "conversation", "score", "comment", "created_at"),
    }
)
