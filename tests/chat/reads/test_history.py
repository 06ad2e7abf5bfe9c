"""Pages of history: their messages, the cursors of their neighbours, and no scan of the table."""

import itertools
from typing import Any

import msgspec
import pytest

from chat import prepared_sql
from chat.models import Channel, ChannelKind, Message
from chat.reads import history
from chat.rights.standing import reader_condition
from delivery.wire import ids
from delivery.wire.errors import NotAMember, NotFound
from tests.conftest import Cast, said

pytestmark = pytest.mark.django_db


class Row(msgspec.Struct):
    seq: int


@pytest.fixture
def first(cast: Cast) -> int:
    """The seq before the first of twenty messages; system messages stand before it."""
    for n in range(20):
        said(cast.alice, cast.team, f"number {n}")
    cast.team.refresh_from_db()
    return cast.team.head - 20


@pytest.mark.parametrize(
    ("asked", "found", "older", "newer"),
    [
        ({"before": 11}, [10, 9, 8, 7], True, True),
        ({"before": 99}, [20, 19, 18, 17], True, False),
        ({"after": 10}, [14, 13, 12, 11], True, True),
        ({"after": 16}, [20, 19, 18, 17], True, False),
        ({"after": 20}, [], False, False),
        ({"around": 10}, [11, 10, 9, 8], True, True),
        ({"around": 20}, [20, 19, 18], True, False),
    ],
)
def test_a_page_says_whether_there_are_older_and_newer_ones(
    cast: Cast, first: int, asked: dict[str, int], found: list[int], older: bool, newer: bool
) -> None:
    page = history.page(cast.team.pk, size=4, **{name: first + place for name, place in asked.items()})
    seqs = [msgspec.json.decode(raw, type=Row).seq for raw in page.raws]
    assert seqs == [first + place for place in found]
    assert page.older_than == (seqs[-1] if older else None)
    assert page.newer_than == (seqs[0] if newer else None)


def test_the_first_page_of_all_has_nothing_older(cast: Cast, first: int) -> None:
    page = history.page(cast.team.pk, size=100, before=first + 4)
    assert (page.older_than, page.newer_than) == (None, first + 3)
    assert history.page(cast.team.pk, size=4, after=0).older_than is None
    assert history.page(cast.team.pk, size=4, around=1).older_than is None


def test_every_page_is_a_part_of_the_channel_with_what_lies_beside_it(cast: Cast, first: int) -> None:
    everything = [row.seq for row in Message.objects.filter(channel=cast.team).order_by("-seq")]
    for size, seq in itertools.product((1, 2, 5), range(first + 22)):
        older, newer = [each for each in everything if each < seq], [each for each in everything if each >= seq]
        half = size // 2
        kept = newer[-(size - min(half, len(older))) :] + older[:half]
        for asked, found in (
            ({"before": seq}, older[:size]),
            ({"after": seq}, [each for each in newer if each > seq][-size:]),
            ({"around": seq}, kept),
        ):
            page = history.page(cast.team.pk, size=size, **asked)
            assert [msgspec.json.decode(raw, type=Row).seq for raw in page.raws] == found, (asked, size)
            assert page.older_than == (found[-1] if found and found[-1] > everything[-1] else None), (asked, size)
            assert page.newer_than == (found[0] if found and found[0] < everything[0] else None), (asked, size)


def test_numbers_that_no_message_reaches_are_asked_for_too(cast: Cast, first: int) -> None:
    assert history.page(cast.team.pk, after=ids.MOST) == history.Page([])
    newest = history.page(cast.team.pk, size=4, before=ids.MOST)
    assert newest == history.newest_from_rows(cast.team.pk, 4)


@pytest.mark.parametrize("asked", [{"before": 11}, {"after": 11}, {"around": 11}])
def test_whatever_a_page_asks_is_found_by_an_index_in_its_order(
    cast: Cast, first: int, asked: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = []

    def explained(sql: str, parameters: list[int], **more: Any) -> prepared_sql.Rows:
        plans.append("\n".join(line for (line,) in in_order(f"EXPLAIN {sql}", parameters)))
        return in_order(sql, parameters, **more)

    in_order = prepared_sql.rows_in_index_order
    monkeypatch.setattr(prepared_sql, "rows_in_index_order", explained)
    history.page(cast.team.pk, size=4, **asked)
    # Also in so small a table. Without an order, any row would do, and PostgreSQL may look for one through half of a large table.
    [plan] = plans
    assert plan.count("using messages_seq on messages") == 2, plan
    assert "Sort" not in plan


@pytest.mark.parametrize("asked", [{}, {"before": 11}, {"after": 11}, {"around": 11}])
def test_a_page_is_for_readers_only_and_the_right_is_asked_in_its_round_trip(
    cast: Cast, first: int, asked: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[list[str]] = []

    def noted(*statements: prepared_sql.Statement) -> list[prepared_sql.Rows]:
        trips.append([sql for sql, _ in statements])
        return pipeline(*statements)

    pipeline = prepared_sql.pipeline
    monkeypatch.setattr(prepared_sql, "pipeline", noted)
    may_read = reader_condition(cast.bob.pk, channel=cast.team.pk)
    assert history.page(cast.team.pk, condition=may_read, **asked) == history.page(cast.team.pk, **asked)
    page, right = [sql for sql in trips[0] if "set_config" not in sql]
    # Last, so that nobody gets rows that were written after their right ended.
    assert "channel_members" in right
    assert "messages" in page

    stranger = reader_condition(cast.charlie.pk, channel=cast.team.pk)
    with pytest.raises(NotFound):
        history.page(cast.team.pk, condition=stranger, **asked)
    Channel.objects.filter(pk=cast.team.pk).update(kind=ChannelKind.PUBLIC)
    with pytest.raises(NotAMember):
        history.page(cast.team.pk, condition=stranger, **asked)
