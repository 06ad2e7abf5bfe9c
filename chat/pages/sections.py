"""The served list of channels: in the same sections and order as the page's script keeps."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chat import shapes

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Section:
    """`kind`: unread, favourites, own (a heading of the person's), channels or direct."""

    kind: str
    title: str
    links: list[shapes.Channel] = field(default_factory=list)


def sections_of(channels: Iterable[shapes.Channel], *, unread_first: bool) -> list[Section]:
    """The sections: some are always there, the others only with channels in them."""
    ordered = sorted(channels, key=lambda channel: natural(channel.name))
    headings = sorted({_heading(channel) for channel in ordered} - {""}, key=natural)
    sections = [
        Section("unread", "Unread"),
        Section("favourites", "Favourites"),
        *(Section("own", heading) for heading in headings),
        Section("channels", "Channels"),
        Section("direct", "Direct messages"),
    ]
    by_place = {(section.kind, section.title): section for section in sections}
    for channel in ordered:
        by_place[_place(channel, unread_first=unread_first)].links.append(channel)
    return [section for section in sections if section.links or section.kind in ("channels", "direct")]


def natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key for names: #2 before #10, ignoring case and accents."""
    bare = (sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign))
    return list(_parts("".join(bare)))


def _parts(name: str) -> Iterator[tuple[int, int, str]]:
    for part in _DIGITS.split(name):
        if part:
            yield (0, int(part), "") if part.isdecimal() else (1, 0, part)


def _heading(channel: shapes.Channel) -> str:
    return channel.section or ""


def _place(channel: shapes.Channel, *, unread_first: bool) -> tuple[str, str]:
    if unread_first and channel.unread and channel.notify_level != "none":
        return "unread", "Unread"
    if channel.favourite:
        return "favourites", "Favourites"
    if _heading(channel):
        return "own", _heading(channel)
    return ("direct", "Direct messages") if channel.kind == "direct" else ("channels", "Channels")
