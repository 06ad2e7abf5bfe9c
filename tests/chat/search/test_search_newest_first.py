"""An index is first asked for the newest messages only, and for the others where these are not enough for a page."""

import datetime
import random

import pytest
from django.db import connection

from chat import clock, services
from chat.models import Message
from chat.search import looking, rows
from chat.search.asked import Asked, Place
from tests.conftest import Cast, said
from tests.stage.files import file_of
from tests.stage.search_results import all_pages, bodies

pytestmark = pytest.mark.django_db

MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def asked_of(monkeypatch: pytest.MonkeyPatch) -> list[Place | None]:
    """How far back each question to an index goes; None: to the oldest."""
    asked_of: list[Place | None] = []

    def noting(asked: Asked, way: int, end: Place | None = None, *, size: int) -> list[Place]:
        asked_of.append(end)
        return looking.by_index(asked, way, end, size=size)

    monkeypatch.setattr(rows, "by_index", noting)
    monkeypatch.setattr(rows, "LOOKS", (40, 80))
    monkeypatch.setattr(rows, "NEAR", 40)
    return asked_of


def later(standing_clock: datetime.datetime) -> datetime.datetime:
    """After all that the cast did to get in."""
    return standing_clock + datetime.timedelta(days=1)


def said_every_minute(cast: Cast, standing_clock: datetime.datetime, texts: list[str]) -> None:
    for n, text in enumerate(texts):
        with clock.at(later(standing_clock) - MINUTE * (len(texts) - n)):
            said(cast.alice if n % 2 else cast.bob, cast.team, text)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messages")


def test_an_index_is_asked_for_as_many_of_the_newest_as_promise_a_page(
    cast: Cast, standing_clock: datetime.datetime, asked_of: list[Place | None]
) -> None:
    texts = [f"seldom {n}" if n % 8 == 0 else f"something {n}" for n in range(800)]
    said_every_minute(cast, standing_clock, texts)
    with clock.at(now := later(standing_clock)):
        assert bodies(cast.bob, "seldom") == [text for text in reversed(texts) if "seldom" in text][:20]
        # Five were among the newest forty: 21 of them take 168, and twice as many are asked for.
        assert [end and end[0] for end in asked_of] == [now - MINUTE * 40 * 2 * 21 / 5]


def test_where_a_page_is_not_among_the_newest_the_index_is_asked_for_the_others(
    cast: Cast, standing_clock: datetime.datetime, asked_of: list[Place | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Common words, which are nowhere beside each other but long ago.
    texts = [f"green tea {n}" if n < 30 else f"{'green' if n % 2 else 'tea'} {n}" for n in range(300)]
    monkeypatch.setattr(rows, "MOST_NEWEST", 60)
    said_every_minute(cast, standing_clock, texts)
    with clock.at(now := later(standing_clock)):
        assert bodies(cast.bob, '"green tea"') == texts[29:9:-1]
        assert [end and end[0] for end in asked_of] == [now - MINUTE * 60, None]
        assert [len(page.messages) for page in all_pages(cast.bob, '"green tea"')] == [20, 10]


def test_what_is_rare_by_itself_is_read_wherever_it_is(
    cast: Cast, standing_clock: datetime.datetime, asked_of: list[Place | None]
) -> None:
    said_every_minute(cast, standing_clock, ["straw 2, a needle"] + [f"straw {n}" for n in range(300)])
    with clock.at(later(standing_clock)):
        assert bodies(cast.bob, "needle") == ["straw 2, a needle"]
        assert asked_of == [None]


def test_a_link_is_read_wherever_it_is(
    cast: Cast, standing_clock: datetime.datetime, asked_of: list[Place | None]
) -> None:
    links = ["HTTP://straw.example", "look at (https://straw.example/2)"]
    no_links = ["http", "http:// ", "httpx://straw.example", "straw.example"]
    said_every_minute(cast, standing_clock, [*links, *no_links, *(f"straw {n}" for n in range(300))])
    with clock.at(later(standing_clock)):
        assert bodies(cast.bob, "has:link") == links[::-1]
        assert bodies(cast.bob, "has:link look") == links[1:]
        assert asked_of == [None, None]


@pytest.mark.parametrize("has", ["edit", "reaction", "reply", "file"])
def test_what_few_messages_have_is_read_wherever_it_is(
    cast: Cast, standing_clock: datetime.datetime, asked_of: list[Place | None], has: str
) -> None:
    with clock.at(standing_clock + MINUTE):
        files = (file_of(cast.alice, "straw.pdf").pk,) if has == "file" else ()
        said(cast.alice, cast.team, "first", files=files)
        where = {"channel": cast.team.pk, "message": Message.objects.get(body="first").pk}
        if has == "edit":
            services.edit_message(cast.alice, **where, body="changed")
        elif has == "reaction":
            services.add_reaction(cast.bob, **where, emoji="👍")
        elif has == "reply":
            said(cast.bob, cast.team, "answer", reply_to=where["message"])
    said_every_minute(cast, standing_clock, [f"straw {n}" for n in range(200)])
    with clock.at(later(standing_clock)):
        expected = {"edit": "changed", "reply": "answer"}.get(has, "first")
        assert bodies(cast.bob, f"has:{has}") == [expected]
        assert bodies(cast.bob, f"has:{has} {expected[:3]}") == [expected]
        assert bodies(cast.bob, f"has:{has} straw 5") == []
        assert asked_of == [None, None, None]
        assert bodies(cast.charlie, f"has:{has}") == []


def test_of_what_an_index_finds_too_often_only_the_newest_are_read_page_by_page(
    cast: Cast, standing_clock: datetime.datetime, asked_of: list[Place | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(3)
    texts = [f"{chance.choice(['often', 'often', 'something'])} {n}" for n in range(400)]
    monkeypatch.setattr(rows, "MOST_BY_INDEX", 150)
    monkeypatch.setattr(rows, "MOST_OF_MANY", 20)
    said_every_minute(cast, standing_clock, texts)
    with clock.at(later(standing_clock)):
        pages = all_pages(cast.bob, "from:alice often 1")
    found = [message.body for page in pages for message in page.messages]
    wanted = [text for n, text in enumerate(texts) if n % 2 and "often" in text and "1" in text]
    assert found == wanted[::-1]
    assert asked_of
    assert None not in asked_of
