"""Many sockets open at once: they wait in lines, one for each address; refused clients may return when earlier ones had a turn."""

import asyncio
from collections import Counter

import pytest

from delivery.live.openings import AT_WORK, BACK_PER_SECOND, CROWD_SECONDS, FEW_SECONDS, Openings
from delivery.places import NoPlace


async def test_a_crowd_from_one_address_keeps_nobody_else_out() -> None:
    openings = Openings(AT_WORK + 2)
    came: list[str] = []

    async def come(line: str) -> None:
        opened = await openings.turn(line)
        came.append(line)
        opened()

    at_work = [await openings.turn("crowd") for _ in range(AT_WORK)]
    crowd = [asyncio.ensure_future(come("crowd")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(NoPlace):
        await openings.turn("crowd")
    guest = asyncio.ensure_future(come("guest"))
    await asyncio.sleep(0)
    at_work[0]()
    outcomes = await asyncio.gather(*crowd, guest, return_exceptions=True)
    assert [isinstance(outcome, NoPlace) for outcome in outcomes] == [False, True, False]
    assert came == ["crowd", "guest"]


def test_the_more_are_sent_away_the_later_they_come_back() -> None:
    openings = Openings(1)
    waits = [openings.wait() for _ in range(CROWD_SECONDS * BACK_PER_SECOND * 2)]
    assert max(waits[:BACK_PER_SECOND]) <= FEW_SECONDS
    assert CROWD_SECONDS * 0.9 < max(waits[-1000:]) <= CROWD_SECONDS


def test_who_was_sent_away_comes_back_as_fast_as_a_process_lets_in_and_no_faster() -> None:
    openings = Openings(1)
    waits = Counter(openings.wait() for _ in range(3 * BACK_PER_SECOND))
    assert waits.keys() == {1, 2, 3}
    assert max(waits.values()) < 1.5 * BACK_PER_SECOND
