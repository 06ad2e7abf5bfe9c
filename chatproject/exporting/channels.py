"""Exports a channel: its description, members and messages as JSON lines and as pages for a browser, and its files."""

from pathlib import Path
from typing import Any

from msgspec import to_builtins

from chat import shapes
from chat.models import Act, Channel, File, Member, Message
from chat.services import audit
from chatproject.exporting.archive import AT_ONCE, Archive, entry_name, snapshot, streamed
from chatproject.exporting.html import write_pages
from delivery.wire.types import spell_time, time_now

FORMAT = 1


def export_channel(channel: Channel, path: Path, *, reason: str) -> dict[str, int]:
    """Writes the zip, as of one moment; returns the number of lines of each entry. Raises OSError, Invalid.

    The audit log notes the export first, also one that fails. Memory is bounded for any length of the channel.
    """
    audit.record(Act.CHANNEL_EXPORTED, actor=None, channel=channel.pk, reason=audit.checked_reason(reason))
    with snapshot(), Archive.at(path) as archive:
        row = Channel.objects.get(pk=channel.pk)
        archive.one("channel.json", {"format": FORMAT, "made_at": time_now(), **to_builtins(shapes.channel_of(row))})
        members = Member.objects.filter(channel=row).select_related("user").order_by("pk")
        archive.lines("members.jsonl", streamed(members, shapes.member_of))
        said = Message.objects.filter(channel=row).for_the_wire().order_by("seq")
        archive.lines("messages.jsonl", streamed(said, shapes.message_of))
        count = archive.counts["messages.jsonl"]
        write_pages(archive, _title(row), said.iterator(chunk_size=AT_ONCE), count=count)
        files = File.objects.filter(message__channel=row).whole().order_by("pk")
        archive.lines("files.jsonl", streamed(files, file_described))
        archive.files(files.iterator(chunk_size=AT_ONCE))
    return archive.counts


def file_described(row: File) -> dict[str, Any]:
    return {
        "id": row.pk,
        "message": row.message_id,
        "name": row.name,
        "type": row.type,
        "size": row.size,
        "uploader": row.uploader_id,
        "created_at": spell_time(row.created_at),
        "entry": f"files/{entry_name(row)}" if row.whole_at else None,
    }


def _title(row: Channel) -> str:
    names = Member.objects.filter(channel=row).select_related("user").order_by("pk")
    return row.name or ", ".join(member.user.get_full_name() for member in names) or f"Conversation {row.pk}"
