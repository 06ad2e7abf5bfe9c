"""The syntax of queries: words, phrases, operators, days."""

import datetime

import pytest

from chat.search.query import MOST_CHARACTERS, parse_query
from delivery.wire.errors import Invalid
from tests.stage.moments import DAY, on_days

pytestmark = pytest.mark.fast


def test_a_query_is_words_phrases_and_operators() -> None:
    query = parse_query(on_days('from:@bob in:"General talk" "not now" HAS:link before:{day} maybe 12:30 http://x.y/'))
    assert (query.senders, query.channels, query.has) == (["bob"], ["General talk"], {"link"})
    assert (query.phrases, query.words) == (["not now"], ["maybe", "12:30", "http://x.y/"])
    assert (query.before, query.after) == (DAY, None)


@pytest.mark.parametrize(
    ("query", "before", "after"),
    [
        ("after:{day}", None, DAY + datetime.timedelta(days=1)),
        ("before:{day}T02:00:00+02:00", DAY, None),
        ("before:{morrow} before:{day}T00:00Z", DAY, None),
    ],
)
def test_days_and_times_are_understood(
    query: str, before: datetime.datetime | None, after: datetime.datetime | None
) -> None:
    asked = parse_query(on_days(query))
    assert (asked.before, asked.after) == (before, after)


@pytest.mark.parametrize(
    "query",
    [
        *(
            "",
            "   ",
            '""',
            "from:",
            "in: team",
            "has:everything",
            "before:yesterday",
            "after:1999-02-30",
            "after:9999-12-31",
        ),
        *("a\x00b", "\ud800", "x" * (MOST_CHARACTERS + 1), "a " * 13),
    ],
)
def test_what_can_not_be_understood_is_said(query: str) -> None:
    with pytest.raises(Invalid):
        parse_query(query)
