"""The newest changes that a channel keeps in memory, and where an access ends among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.bus.announcements import Change
from delivery.live.channel import RECENT_SECONDS, LiveChannel, cut_at_ends

pytestmark = pytest.mark.fast


@given(
    revs=st.lists(st.integers(1, 12), min_size=1, max_size=40),
    most=st.integers(1, 8),
    held=st.integers(0, 40),
)
def test_what_a_stream_keeps_is_each_thing_once_in_its_newest_state(revs: list[int], most: int, held: int) -> None:
    channel = LiveChannel(1, position=0, recent_most=most)
    for rev, key in enumerate(revs, start=1):
        channel.advance([Change(rev=rev, key=key, raw=b"")], rev)
    newest = {key: rev for rev, key in enumerate(revs, start=1)}
    kept = channel.since(max(held, channel.floor))
    expected = sorted(rev for rev in newest.values() if rev > max(held, channel.floor))
    assert [change.rev for change in kept] == expected
    assert len(kept) <= most


def test_what_was_kept_for_some_minutes_is_forgotten_and_what_came_since_is_not() -> None:
    channel = LiveChannel(1, position=10, recent_most=200)

    def kept_after(now: float) -> tuple[int, list[int]]:
        channel.forget_old(now)
        return channel.floor, [change.rev for change in channel.since(channel.floor)]

    def change(rev: int, key: int) -> None:
        channel.advance([Change(rev=rev, key=key, raw=b"")], rev)

    change(11, key=1)
    assert kept_after(0.0) == (10, [11])
    change(12, key=2)
    assert kept_after(RECENT_SECONDS - 1.0) == (10, [11, 12])
    assert kept_after(RECENT_SECONDS) == (11, [12])
    # The newest state of what was forgotten is kept anew.
    change(13, key=1)
    assert kept_after(2 * RECENT_SECONDS) == (12, [13])
    assert kept_after(3 * RECENT_SECONDS) == (13, [])
    assert kept_after(4 * RECENT_SECONDS) == (13, [])


def test_what_was_outdated_is_not_remembered_even_if_it_arrives_later() -> None:
    channel = LiveChannel(1, position=10, recent_most=200)

    def change(rev: int) -> None:
        channel.advance([Change(rev=rev, key=rev, raw=b"")], rev)

    change(11)
    # This process has not heard of 12 and 13 yet, which were deleted with 11.
    channel.forget(13)
    assert (channel.since(0), channel.can_continue(11)) == ([], False)
    for rev in (12, 13, 14):
        change(rev)
    assert [kept.rev for kept in channel.since(0)] == [14]
    assert [held for held in range(10, 16) if channel.can_continue(held)] == [13, 14]
    # An older announcement changes nothing.
    channel.forget(12)
    assert (channel.floor, len(channel.since(0))) == (13, 1)


@given(st.lists(st.one_of(st.none(), st.integers(1, 3)), max_size=20))
def test_an_access_ends_only_at_the_start_of_a_run(ends: list[int | None]) -> None:
    changes = [Change(rev=n, key=n, raw=b"", ends=end) for n, end in enumerate(ends, start=1)]
    runs = list(cut_at_ends(changes))
    assert [change for run in runs for change in run] == changes
    assert all(change.ends is None for run in runs for change in run[1:])
