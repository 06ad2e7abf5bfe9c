"""Common words, found by few of their letters: the same messages as a plain look at each finds."""

import random
from dataclasses import replace

import pytest
from django.db import connection, transaction

from chat.models import Message
from chat.search import conditions, looking, rows
from chat.search.asked import Asked, resolve
from chat.search.pieces import pieces_of
from chat.search.query import parse_query
from tests.conftest import Cast, said
from tests.stage.search_results import all_pages, bodies

pytestmark = pytest.mark.django_db

COMMON = ["warehouse", "house", "other", "there", "the", "meeting", "tested", "größe", "over-there", "a_b", "50%"]


def test_a_common_word_is_found_by_what_is_rarest_in_it_and_a_rare_one_by_all_of_it(cast: Cast) -> None:
    for body in ("the other one", "there they are", "the meeting", "the mouse", "größe"):
        said(cast.alice, cast.team, body)
    # "the" is in nearly all of them; "mee" and the like only where the meeting is, and so one of them is enough.
    tell_what_is_common()
    assert pieces_of(["meeting", "needle", "größe", "the größe", "the-12", "the needle"]) == {"meeting": ["mee"]}
    assert pieces_of(["there"]) == {"there": ["ere"]}
    assert pieces_of(["other mouse"]) == {"other mouse": ["oth", "mou"]}
    # Where even the rarest is in other words, another one is looked for beside it.
    said(cast.alice, cast.team, "where somebody bothers")
    tell_what_is_common()
    assert pieces_of(["there"]) == {"there": ["ere", "her"]}


def test_by_pieces_the_index_finds_what_a_plain_look_finds(cast: Cast) -> None:
    chance = random.Random(7)
    for _ in range(150):
        said(cast.alice, cast.team, " ".join(chance.choices(COMMON, k=chance.randrange(1, 6))))
    tell_what_is_common()
    by_piece = 0
    for _ in range(60):
        words = chance.sample(COMMON, chance.randrange(1, 4))
        query = " ".join(words) if chance.random() < 0.5 else f'"{" ".join(words)}"'
        asked = resolve(cast.bob, parse_query(query))
        if not asked.indexed:
            continue
        by_piece += bool(pieces_of(asked.indexed))
        found = [pk for _, pk in looking.by_index(asked, 0, size=1000)]
        assert found == plainly(asked), query
    assert by_piece > 20


def tell_what_is_common() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messages")


def plainly(asked: Asked) -> list[int]:
    newest = Message.objects.filter(channel__in=asked.channels, kind="text").order_by("-created_at", "-pk")
    terms = [*asked.words, *asked.phrases]
    return [pk for pk, folded in newest.values_list("pk", "folded") if all(term in folded for term in terms)]


def test_a_page_that_is_only_promised_is_looked_for_no_further_than_the_index_would_cost(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(90):
        said(cast.alice, cast.team, f"seldom {n}" if n % 9 == 0 else f"something {n}")
    tell_what_is_common()
    monkeypatch.setattr(rows, "LOOKS", (20, 89))
    monkeypatch.setattr(rows, "FURTHER_BACK", 1)
    looked: list[int] = []

    def noting(asked: Asked, end: looking.Place | None, *, size: int) -> looking.Look:
        found = looking.look(asked, end, size=size)
        looked.append(found.seen)
        return found

    monkeypatch.setattr(rows, "look", noting)
    monkeypatch.setattr(rows, "NEAR", 40)
    found = [f"seldom {n}" for n in range(81, -1, -9)]
    assert (bodies(cast.bob, '"seldom"'), looked) == (found, [20])
    monkeypatch.setattr(rows, "NEAR", 2000)
    looked.clear()
    pages = all_pages(cast.bob, '"seldom"')
    assert [message.body for page in pages for message in page.messages] == found
    assert looked[:2] == [20, 69]


def test_how_alike_words_are_is_asked_of_no_more_messages_than_a_page_needs(cast: Cast) -> None:
    for n in range(80):
        said(cast.alice, cast.team, f"message {n}")
    asked = replace(resolve(cast.bob, parse_query("mesage")), alike=conditions.ALIKE)
    compared: list[str] = []

    def explained(sql: str, values: list[object]) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {sql}", values)
            compared.extend(line for (line,) in cursor.fetchall() if "<% folded" in line or "loops=7" in line)
            cursor.execute(sql, values)
            return cursor.fetchall()

    with transaction.atomic(), pytest.MonkeyPatch.context() as patched:
        looking.prepare(asked.alike)
        patched.setattr(looking, "_rows", explained)
        found = looking.look(asked, None, size=7)
    bodies_found = Message.objects.in_bulk([pk for _, pk in found.places])
    assert [bodies_found[pk].body for _, pk in found.places] == [f"message {n}" for n in range(79, 72, -1)]
    assert (found.seen, list(found.counted)) == (80, [80])
    assert any("messages" in line and "loops=7" in line for line in compared), compared
