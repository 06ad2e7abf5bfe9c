"""The newest changes that a channel keeps in memory, and where an access ends among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.bus.announcements import Change
from delivery.live.channel import LiveChannel, cut_at_ends

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


@given(st.lists(st.one_of(st.none(), st.integers(1, 3)), max_size=20))
def test_an_access_ends_only_at_the_start_of_a_run(ends: list[int | None]) -> None:
    changes = [Change(rev=n, key=n, raw=b"", ends=end) for n, end in enumerate(ends, start=1)]
    runs = list(cut_at_ends(changes))
    assert [change for run in runs for change in run] == changes
    assert all(change.ends is None for run in runs for change in run[1:])
