"""Pages of history: what stands on them, where those beside them begin, and that none looks through the table."""

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.reads import history
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


@pytest.mark.parametrize("asked", [{"before": 11}, {"after": 11}, {"around": 11}])
def test_whatever_a_page_asks_is_asked_in_the_order_of_the_index(cast: Cast, first: int, asked: dict[str, int]) -> None:
    with CaptureQueriesContext(connection) as queries:
        history.page(cast.team.pk, size=4, **asked)
    # Without an order, any row would do, and PostgreSQL may look for one through half of a large table.
    assert [query["sql"] for query in queries if " ORDER BY " not in query["sql"]] == []
    assert len(queries) == 2
