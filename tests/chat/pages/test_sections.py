"""The served list of channels: the section and the order of each."""

import msgspec
import pytest

from chat import shapes
from chat.pages.sections import natural, sections_of
from chat.shapes.channel import CHANNEL

pytestmark = pytest.mark.fast


def channel(name: str, **fields: object) -> shapes.Channel:
    return msgspec.structs.replace(CHANNEL, name=name, **{"unread": 0, "last": None, **fields})


def served(*channels: shapes.Channel, unread_first: bool = False) -> list[tuple[str, str, list[str]]]:
    sections = sections_of(channels, unread_first=unread_first)
    return [(section.kind, section.title, [link.name for link in section.links]) for section in sections]


def test_channels_stand_as_people_count() -> None:
    names = ["room 10", "Room 2", "Éclairs", "Zebra", "room 9", "fish", "2nd", "10th"]
    assert sorted(names, key=natural) == ["2nd", "10th", "Éclairs", "fish", "Room 2", "room 9", "room 10", "Zebra"]


def test_favourites_and_own_headings_come_before_the_rest() -> None:
    assert served(
        channel("team"),
        channel("launch", section="Projects 10"),
        channel("site", section="Projects 2"),
        channel("both", section="Projects 2", favourite=True),
        channel("Bob", kind="direct", people=[]),
    ) == [
        ("favourites", "Favourites", ["both"]),
        ("own", "Projects 2", ["site"]),
        ("own", "Projects 10", ["launch"]),
        ("channels", "Channels", ["team"]),
        ("direct", "Direct messages", ["Bob"]),
    ]


def test_what_is_unread_comes_first_where_that_was_chosen_and_muted_ones_do_not() -> None:
    channels = [
        channel("team", unread=2, favourite=True),
        channel("quiet", unread=1, notify_level="none"),
        channel("read"),
    ]
    assert served(*channels, unread_first=True) == [
        ("unread", "Unread", ["team"]),
        ("channels", "Channels", ["quiet", "read"]),
        ("direct", "Direct messages", []),
    ]
    assert served(*channels)[0] == ("favourites", "Favourites", ["team"])
