"""Receipts as frames: whose are the same bytes, and what differs."""

import msgspec
import pytest

from delivery.bus.announcements import Cursor, Low, Moved
from delivery.live.receipts import Spelling

pytestmark = pytest.mark.fast


def moved(*cursors: Cursor) -> Moved:
    return Moved(
        channel_id=9, head=40, delivered=Low(3, 30, 38), read=Low(3, 30, 38), since=Low(1, 2, 5), cursors=cursors
    )


def test_users_who_are_told_the_same_share_a_frame() -> None:
    spelled = Spelling(moved(*(Cursor(user, 40, 40, 7, unread=user // 10, mentioned=0) for user in range(4, 24))))
    frames = {user: spelled.frame_for(user) for user in range(1, 30)}
    assert frames[4] is frames[5] is frames[9]
    assert frames[10] is frames[19]
    assert frames[24] is frames[29]
    # Those with the lowest numbers are told those of the others; who has read nothing new is told no counts.
    assert len({id(frame) for frame in frames.values()}) == 6
    told = {user: msgspec.json.decode(frame.payload) for user, frame in frames.items()}
    assert [told[user]["read"] for user in (2, 3, 4)] == [30, 38, 30]
    assert [told[user]["since"] for user in (1, 2)] == [5, 2]
    assert [(told[user].get("unread"), told[user].get("head")) for user in (2, 4, 12)] == [
        (None, None),
        (0, 40),
        (1, 40),
    ]
    assert all(len(frame["members"]) == 20 for frame in told.values())


def test_the_counts_of_a_user_with_the_lowest_numbers_are_their_own() -> None:
    spelled = Spelling(moved(Cursor(3, 30, 30, 7, unread=2, mentioned=1), Cursor(4, 40, 40, 7, unread=2, mentioned=1)))
    told = [msgspec.json.decode(spelled.frame_for(user).payload) for user in (3, 4)]
    assert [(one["read"], one["unread"], one["mentioned"]) for one in told] == [(38, 2, 1), (30, 2, 1)]
