"""Cells that several lists and pages share: excerpts, times, people, channels."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import ngettext

from chat import clock
from chat.formatting import format_size
from chat.markdown import plain
from chat.models import Channel, ChannelKind, Message, MessageKind, User
from chat.viewer import link

#: The fields of a message's row that these cells need.
Files = Iterable[Mapping[str, Any]] | None
#: How many letters of a message a list shows.
EXCERPT = 110


def channel_name(channel: Channel) -> str:
    if channel.kind == ChannelKind.DIRECT:
        return f"direct conversation {channel.pk}"
    return f"#{channel.name}"


def channel_link(channel: Channel | None) -> SafeString | str:
    return link(channel, channel_name(channel)) if channel else "–"


def person_link(user: User | None, *, nobody: str = "–") -> SafeString | str:
    return link(user, user.username) if user else nobody


def excerpt(body: str, files: Files = None) -> str:
    """The beginning of a text, without its Markdown; if there is no text, the names of its files."""
    return _cut(plain(body) or ", ".join(file["name"] for file in files or ()))


def _cut(text: str) -> str:
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1].rstrip() + "…"


def said(body: str, files: Files = None) -> SafeString:
    """The text as written, with its line breaks, and links to its files."""
    words = format_html('<div class="gapless-said">{}</div>', body)
    links = ((file["url"], file["name"], format_size(file["size"])) for file in files or ())
    return words + format_html_join("", '<div><a href="{}">{}</a> ({})</div>', links)


def message_excerpt(message: Message) -> SafeString | str:
    if message.deleted_at is not None:
        return badge("deleted", "quiet")
    return excerpt(message.body, message.files) if message.kind == MessageKind.TEXT else _cut(message.body)


def marked(message: Message) -> SafeString:
    return format_html("<mark>{}</mark>", message_excerpt(message))


def badge(text: str, tone: str = "") -> SafeString:
    return format_html('<span class="gapless-badge {}">{}</span>', tone, text)


def badges(*shown: tuple[str, str] | None) -> SafeString:
    return SafeString(" ".join(badge(*one) for one in shown if one is not None))


def ago(moment: datetime.datetime | None) -> SafeString | str:
    """How long ago or in the future, with the exact time on hover."""
    if moment is None:
        return "–"
    now = clock.now()
    words = f"{timesince(moment, now, depth=1)} ago" if moment <= now else f"in {timesince(now, moment, depth=1)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), words)


def exact(moment: datetime.datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else "–"


def many(count: int, one: str, more: str) -> str:
    return f"{count} {ngettext(one, more, count)}"


def column(title: str, **display: Any) -> Any:
    """Makes a method a column with this title. The column sorts only by a field with an index."""
    return admin.display(description=title, **display)
