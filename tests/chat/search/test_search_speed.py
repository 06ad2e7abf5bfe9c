"""What keeps a search cheap among very many messages: looks of a bounded length, and the index where it finds little."""

import datetime
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction

from chat import clock, services
from chat.models import Message, User
from chat.search import conditions, looking, rows, search
from chat.search.asked import resolve
from chat.search.query import parse_query
from tests.conftest import Cast, said
from tests.stage.files import file_of
from tests.stage.moments import DAY
from tests.stage.search_results import all_pages, bodies

pytestmark = pytest.mark.django_db


def test_a_look_goes_back_as_far_as_it_says_over_busy_and_quiet_channels(
    cast: Cast, standing_clock: datetime.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = services.open_channel(cast.alice, name="quiet")
    for minutes in range(60):
        # The team talks all the time and very much in the end, the quiet ones once in ten minutes.
        with clock.at(DAY + datetime.timedelta(minutes=minutes)):
            said(cast.alice, cast.team, f"busy {minutes}")
            if minutes % 10 == 0:
                said(cast.alice, quiet, f"quiet {minutes}")
    with clock.at(DAY + datetime.timedelta(hours=1)):
        for n in range(8):
            said(cast.alice, cast.team, f"very busy {n}")
        monkeypatch.setattr(looking, "LEAST_A_CHANNEL", 3)
        asked = resolve(cast.alice, parse_query("e"))
        for most in (1, 6, 8, 20, 60):
            end = looking.Ends(asked).of(most)
            assert end is not None
            newest = Message.objects.filter(channel__in=asked.channels).order_by("-created_at")
            # All of one moment belong together.
            assert end[0] == newest[most - 1].created_at
            assert looking.look(asked, end, size=1).end == end
        assert looking.Ends(asked).of(1000) is None


def test_small_channels_are_looked_through_without_an_index(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    said(cast.alice, cast.team, "a rare one")
    for n in range(30):
        said(cast.alice, cast.team, f"another {n}")
    monkeypatch.setattr(rows, "LOOKS", (5, 100))
    monkeypatch.setattr(rows, "by_index", None)
    assert bodies(cast.bob, "rare") == ["a rare one"]


def test_no_index_is_asked_for_what_it_would_find_too_often(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(60):
        said(cast.alice, cast.team, f"often {n}" if n % 30 else f"often and rarely {n}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messages")
    monkeypatch.setattr(rows, "LOOKS", (20,))
    monkeypatch.setattr(rows, "MOST_BY_INDEX", 30)
    monkeypatch.setattr(rows, "MOST_ENTRIES", 30)
    monkeypatch.setattr(rows, "by_index", None)
    pages = all_pages(cast.bob, "often %")
    assert ([page.messages for page in pages], len(pages)) == ([[], [], [], []], 4)
    monkeypatch.setattr(rows, "by_index", looking.by_index)
    assert bodies(cast.bob, "rarely") == ["often and rarely 30", "often and rarely 0"]


@pytest.mark.parametrize(
    ("word", "alike"), [("inovice", 0.4), ("gap-50", 0.4), ("mesage", 0.5), ("größe", 0.4), ("ab-c", 0.5)]
)
def test_what_resembles_a_word_shares_trigrams_with_it(word: str, alike: float) -> None:
    texts = [
        "an invoice",
        "ino vice",
        "innovice!",
        "gap 51",
        "the gap is 5",
        "a message",
        "sage me",
        "grosse",
        "größen",
        "abc",
        "ab c",
        "x",
    ]
    resembles, shares = (kind(word, alike) for kind in (conditions._resembles, conditions._shares_trigrams))
    looking.prepare(alike)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT folded FROM unnest(%s::text[]) AS t (folded) WHERE {resembles.sql} AND NOT {shares.sql}",
            [texts, *resembles.values, *shares.values],
        )
        assert cursor.fetchall() == []


def test_what_is_rare_among_many_messages_is_found_by_the_trigram_index(cast: Cast) -> None:
    said(cast.alice, cast.team, "the needle")
    said(cast.alice, cast.team, "what sews", files=(file_of(cast.alice, "thimble.png").pk,))
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO messages (client_msg_id, channel_id, sender_id, body, kind, seq, rev, status, created_at)
            SELECT gen_random_uuid(), %s, %s, 'straw number ' || n || repeat(' of the stack', 8), 'text',
                   1000 + n, 1000 + n, 'sent', now()
            FROM generate_series(1, 20000) AS n""",
            [cast.team.pk, cast.alice.pk],
        )
        cursor.execute(
            """INSERT INTO files (uploader_id, message_id, name, size, type, folder, whole_at, taken_at, created_at,
                has_preview, pieces)
            SELECT sender_id, id, 'straw.png', 1, 'image/png', id, now(), now(), now(), false, '[]'
            FROM messages WHERE seq > 20500"""
        )
        for index in ("idx_messages_body_gin", "idx_files_name_gin"):
            cursor.execute("SELECT gin_clean_pending_list(%s)", [index])
        cursor.execute("ANALYZE messages, files")
    for query, alike, found in (
        ("needle", 0, "the needle"),
        ("neddle", conditions.ALIKE, "the needle"),
        ("thimble", 0, "what sews"),
    ):
        asked = replace(resolve(cast.alice, parse_query(query)), alike=alike)
        with transaction.atomic(), connection.cursor() as cursor:
            looking.prepare(alike)
            named = conditions.WORDS_THAT_NAME, [asked.indexed, list(map(conditions.pattern, asked.indexed))]
            by_name, plan = (_plan(*explained) for explained in (named, looking.index_sql(asked, 0, size=21)))
        assert "idx_files_name_gin" in by_name, by_name
        assert "idx_messages_body_gin" in plan, plan
        assert ("idx_files_name_gin" in plan) == (query == "thimble"), plan
        assert bodies(cast.alice, query) == [found]


def test_several_words_are_found_in_one_scan_unless_a_file_is_called_so(cast: Cast) -> None:
    said(cast.alice, cast.team, "a needle in the straw")
    said(cast.alice, cast.team, "a needle", files=(file_of(cast.alice, "thimble.png").pk,))
    for query, apart, found in (("needle straw", 0, "a needle in the straw"), ("needle thimble", 1, "a needle")):
        asked = resolve(cast.alice, parse_query(query))
        sql, _ = looking.index_sql(asked, 0, size=21)
        assert sql.count("ARRAY(SELECT message_id FROM files") == apart
        [(_, pk)] = looking.by_index(asked, 0, size=21)
        assert Message.objects.get(pk=pk).body == found


def _plan(sql: str, values: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", values)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_what_the_index_can_not_find_is_looked_for_page_by_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = services.open_channel(cast.alice, name="quiet")
    said(cast.alice, quiet, "a q in the quiet one")
    for n in range(60):
        said(cast.alice, cast.team, "q" if n == 5 else "something else")
    monkeypatch.setattr(rows, "LOOKS", (20,))
    monkeypatch.setattr(looking, "LEAST_A_CHANNEL", 1)
    pages = all_pages(cast.alice, "q")
    assert len(pages) > 3
    assert [message.body for page in pages for message in page.messages] == ["q", "a q in the quiet one"]
    assert bodies(cast.alice, "quiet") == ["a q in the quiet one"]


def test_as_many_are_looked_through_as_promise_a_whole_page_before_an_index_is_asked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(90):
        said(cast.alice, cast.team, f"often {n}" if n % 2 == 0 else f"something {n}")
    monkeypatch.setattr(rows, "LOOKS", (20, 89))
    monkeypatch.setattr(rows, "by_index", None)
    page = search(cast.bob, "often")
    assert [message.body for message in page.messages] == [f"often {n}" for n in range(88, 48, -2)]
    assert page.next_cursor is not None
    found = [message.body for page in all_pages(cast.bob, "often") for message in page.messages]
    assert found == [f"often {n}" for n in range(88, -2, -2)]
    assert [look.seen for look in seen_by(monkeypatch, cast.bob, "often")] == [20, 43]


def seen_by(monkeypatch: pytest.MonkeyPatch, user: User, query: str) -> list[looking.Look]:
    """What each look of the first page saw; none sees what another did."""
    seen: list[looking.Look] = []

    def noting(*given: Any, **more: Any) -> looking.Look:
        seen.append(looking.look(*given, **more))
        return seen[-1]

    monkeypatch.setattr(rows, "look", noting)
    search(user, query)
    places = [place for each in seen for place in each.places]
    assert len(places) == len(set(places))
    return seen


def test_beside_an_exact_hit_what_comes_close_is_looked_for_among_the_newest_and_then_page_by_page(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(cast.alice, cast.team, "an old message")
    for n in range(60):
        said(cast.alice, cast.team, {57: "a new message", 20: "one mesage"}.get(n, f"something else {n}"))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messages")
    monkeypatch.setattr(rows, "LOOKS_FOR_TYPOS", (10, 30))
    monkeypatch.setattr(rows, "MOST_BY_INDEX_FOR_TYPOS", 0)
    pages = all_pages(cast.bob, "mesage")
    assert [message.body for message in pages[0].messages] == ["one mesage", "a new message"]
    assert [message.body for page in pages[1:] for message in page.messages] == ["an old message"]
    looks = seen_by(monkeypatch, cast.bob, "mesage")
    assert looks[-1].seen == 10


def test_where_the_newest_are_of_the_system_nothing_is_thought_rare_because_of_that(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(50):
        said(cast.alice, cast.team, f"often {n}")
    for n in range(10):
        services.revise_channel(cast.alice, channel=cast.team.pk, topic=f"number {n}")
    monkeypatch.setattr(rows, "LOOKS", (10, 50))
    monkeypatch.setattr(rows, "by_index", None)
    assert bodies(cast.bob, "often") == [f"often {n}" for n in range(49, 29, -1)]
    assert [look.seen for look in seen_by(monkeypatch, cast.bob, "often")] == [0, 30]


@pytest.mark.parametrize("day", ["0001-01-01", "0050-01-01"])
def test_a_day_before_all_messages_finds_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    for n in range(30):
        said(cast.alice, cast.team, f"number {n}")
    monkeypatch.setattr(rows, "LOOKS", (5, 10))
    assert bodies(cast.bob, f"number before:{day}") == []
