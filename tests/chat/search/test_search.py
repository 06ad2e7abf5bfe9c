"""Search: matches, visibility, and pages that stay stable."""

import datetime

import pytest

from chat import clock, services
from chat.models import Channel, Message
from chat.search import search
from delivery.wire.errors import Invalid
from tests.conftest import Cast, said
from tests.stage.moments import DAY, on_days
from tests.stage.search_results import all_pages, bodies
from tests.stage.servers import Server
from tests.stage.support import held_by, note

pytestmark = pytest.mark.django_db


# ---- who finds what ----


def test_everybody_finds_what_they_may_read_while_they_are_in(cast: Cast) -> None:
    said(cast.alice, cast.team, "the secret plan, before charlie")
    assert bodies(cast.charlie, "secret") == []
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    said(cast.alice, cast.team, "the secret plan, with charlie")
    assert bodies(cast.charlie, "secret") == ["the secret plan, with charlie", "the secret plan, before charlie"]
    assert len(bodies(cast.bob, "secret")) == 2
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    said(cast.alice, cast.team, "the secret plan, after charlie")
    assert bodies(cast.charlie, "secret") == []
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    assert len(bodies(cast.charlie, "secret")) == 3
    with pytest.raises(Invalid, match="You are in no channel called 'hidden'"):
        search(cast.charlie, "in:hidden secret")


def test_a_public_channel_is_searched_by_its_members_only(cast: Cast) -> None:
    public = services.open_channel(cast.alice, name="open to all")
    said(cast.alice, public, "hello everybody")
    assert bodies(cast.charlie, "everybody") == []
    with pytest.raises(Invalid):
        search(cast.charlie, 'in:"open to all" everybody')


def test_inner_notes_are_found_by_those_who_are_in_them(cast: Cast) -> None:
    conversation = held_by(cast.sam, visitor=cast.vera)
    inner = Channel.objects.get(pk=note(cast.sam, conversation))
    said(cast.sam, inner, "she is difficult")
    said(cast.sam, conversation.channel, "how difficult is it?")
    assert bodies(cast.vera, "difficult") == ["how difficult is it?"]
    assert bodies(cast.sam, "difficult") == ["how difficult is it?", "she is difficult"]


def test_what_was_deleted_or_is_of_the_system_is_not_found(cast: Cast) -> None:
    message = Message.objects.get(pk=_id(said(cast.alice, cast.team, "a mistake")))
    said(cast.bob, cast.team, "no mistake")
    services.delete_message(cast.alice, channel=cast.team.pk, message=message.pk)
    assert bodies(cast.bob, "from:alice") == []
    assert bodies(cast.bob, "mistake") == ["no mistake"]
    assert bodies(cast.bob, "added") == []


# ---- what is found ----


@pytest.fixture
def talk(cast: Cast, standing_clock: datetime.datetime) -> Cast:
    with clock.at(DAY - datetime.timedelta(hours=1)):
        said(cast.alice, cast.team, "Please deploy the database server")
        first = said(cast.bob, cast.team, "100% sure? See https://example.com/deploy_now")
    with clock.at(DAY + datetime.timedelta(hours=1)):
        said(cast.alice, cast.team, "I will receive the message tomorrow", reply_to=_id(first))
        said(cast.alice, cast.team, "数据库服务器坏了")
        said(cast.bob, cast.team, "ok, it is up")
    return cast


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("DEPLOY", ["100% sure", "Please deploy"]),
        ("deploy database", ["Please deploy"]),
        ("tabas", ["Please deploy"]),
        ('"the database"', ["Please deploy"]),
        ('"database the"', []),
        ("0%", ["100% sure"]),
        ("y_n", ["100% sure"]),
        ("%", ["100% sure"]),
        ("ok", ["ok, it is"]),
        ("u", ["ok, it is", "100% sure"]),
        ("up it", ["ok, it is"]),
        ("坏", ["数据库服务器坏了"]),
        ("坏了", ["数据库服务器坏了"]),
        ("数据库", ["数据库服务器坏了"]),
        ("服务器 坏", ["数据库服务器坏了"]),
        ("from:bob", ["ok, it is", "100% sure"]),
        ("from:me deploy", ["Please deploy"]),
        ("from:BOB deploy", ["100% sure"]),
        ("from:alice from:bob", []),
        ("in:#Team deploy from:alice", ["Please deploy"]),
        ("has:link", ["100% sure"]),
        ("has:reply", ["I will receive"]),
        ("has:edit", []),
        ("before:{day}", ["100% sure", "Please deploy"]),
        ("after:{eve}", ["ok, it is", "数据库服务器坏了", "I will receive"]),
        ("after:{day}", []),
        ("after:{eve}T23:30Z from:alice before:{day}T02:00Z", ["数据库服务器坏了", "I will receive"]),
    ],
)
def test_words_parts_of_words_and_operators_find(talk: Cast, query: str, found: list[str]) -> None:
    page = search(talk.alice, on_days(query))
    assert (page.is_approximate and bool(page.messages), page.next_cursor) == (False, None)
    assert len(page.messages) == len(found)
    for message, beginning in zip(page.messages, found, strict=True):
        assert message.body.startswith(beginning)


@pytest.mark.parametrize("query", ["mesage", "tommorow", "depoly", "databsae servr", "from:alice mesage"])
def test_typos_find_what_was_meant_and_say_so(talk: Cast, query: str) -> None:
    page = search(talk.alice, query)
    assert page.is_approximate
    assert page.messages
    assert search(talk.alice, "nothinglikeit").messages == []


# ---- pages ----


@pytest.mark.parametrize("query", ["number", "n", "nunber"])
def test_pages_stay_as_they_are_while_people_talk(cast: Cast, standing_clock: datetime.datetime, query: str) -> None:
    for n in range(45):
        # Many of one moment: only the id tells their order.
        with clock.at(DAY + datetime.timedelta(seconds=n // 10)):
            said(cast.alice, cast.team, f"number {n}")
    first = search(cast.alice, query)
    said(cast.bob, cast.team, "number and nunber, in between")
    second = search(cast.alice, query, cursor=first.next_cursor)
    third = search(cast.alice, query, cursor=second.next_cursor)
    seen = [message.body for page in (first, second, third) for message in page.messages]
    assert seen == [f"number {n}" for n in reversed(range(45))]
    assert third.next_cursor is None


@pytest.mark.parametrize("cursor", ["x", "1", "~", "1.2.3", "9" * 19 + ".1", "999999999999999999.1"])
def test_a_cursor_that_is_none_of_ours_is_refused(cast: Cast, cursor: str) -> None:
    with pytest.raises(Invalid):
        search(cast.alice, "anything", cursor=cursor)


def test_a_page_over_http_links_to_the_next(server: Server, cast: Cast) -> None:
    for n in range(25):
        said(cast.alice, cast.team, f"number {n}")
    with server.http(cast.token(cast.bob)) as http:
        answer = http.get("/search/", params={"q": "number in:team"})
        page = answer.json()
        assert [message["body"] for message in page["results"]] == [f"number {n}" for n in range(24, 4, -1)]
        assert page["approximate"] is False
        assert f'<{page["next"]}>; rel="next"' in answer.headers["Link"]
        rest = http.get(page["next"]).json()
        assert ([message["body"] for message in rest["results"]][-1], rest["next"]) == ("number 0", None)
        assert http.get("/search/").json()["code"] == "invalid"
        assert http.get("/search/", params={"q": "in:nowhere x"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "queries"),
    [
        ("Meet at the Café", ["cafe", "CAFÉ", "cafe\u0301", "Ｃafe"]),
        ("re\u0301sume\u0301", ["résumé", "RESUME"]),
        ("ΟΔΟΣ", ["οδός", "οδοσ", "ὁδος"]),
        ("İstanbul", ["istanbul", "ISTANBUL", "ıstanbul"]),
        ("diyarbakır", ["DIYARBAKIR", "diyarbakir"]),
        ("שָׁלוֹם", ["שלום"]),
        ("the ﬁnal oﬃce", ["final", "office"]),
        ("twenty\u00a0five", ['"twenty five"']),
        ("Straße", ["strasse", "STRASSE"]),
        ("ｈｅｌｌｏ", ["hello"]),
    ],
)
def test_spelling_that_readers_do_not_see_makes_no_difference(cast: Cast, body: str, queries: list[str]) -> None:
    said(cast.alice, cast.team, body)
    for query in queries:
        page = search(cast.bob, query)
        assert ([message.body for message in page.messages], page.is_approximate) == ([body], False), query


def test_one_exact_hit_does_not_hide_what_comes_close(cast: Cast) -> None:
    said(cast.alice, cast.team, "a message")
    said(cast.alice, cast.team, "a mesage")
    said(cast.alice, cast.team, "another message")
    page = search(cast.bob, "mesage")
    assert [message.body for message in page.messages] == ["a mesage", "another message", "a message"]
    assert page.is_approximate


def test_beside_an_exact_hit_only_small_mistakes_are_found(cast: Cast) -> None:
    for body in ("the cake is here", "take the cable", "make haste, mike", "we make cars"):
        said(cast.alice, cast.team, body)
    assert bodies(cast.bob, "cake") == ["the cake is here"]


def test_what_comes_close_follows_page_by_page_and_nothing_twice(cast: Cast) -> None:
    for number in range(20):
        said(cast.alice, cast.team, f"the mesage {number}")
        said(cast.alice, cast.team, f"the message {number}")
    pages = all_pages(cast.bob, "mesage")
    found = [message.body for page in pages for message in page.messages]
    assert [page.is_approximate for page in pages] == [False, True]
    assert found == [f"the {word} {number}" for word in ("mesage", "message") for number in reversed(range(20))]


@pytest.mark.django_db(transaction=True)
def test_people_and_channels_are_found_however_they_are_spelled(server: Server, cast: Cast) -> None:
    services.rename_user(cast.bob, display_name="Zoë Ångström")
    services.open_channel(cast.alice, name="Café Größe")
    said(cast.bob, cast.team, "hello")
    assert bodies(cast.alice, 'from:"zoe angstrom"') == ["hello"]
    cafe = Channel.objects.get(name="Café Größe")
    said(cast.alice, cafe, "coffee")
    assert bodies(cast.alice, 'in:"cafe grosse"') == ["coffee"]
    with server.http(cast.token(cast.alice)) as client:
        people = client.get("/users/", params={"search": "angstrom"}).json()["results"]
        assert [mine["name"] for mine in client.get("/channels/", params={"search": "cafe"}).json()["results"]] == [
            cafe.name
        ]
        public = client.get("/channels/", params={"scope": "public", "search": "cafe gro"}).json()["results"]
    assert ([person["id"] for person in people], [channel["name"] for channel in public]) == (
        [cast.bob.pk],
        ["Café Größe"],
    )


def _id(committed: object) -> int:
    return int(Message.objects.order_by("-pk").values_list("pk", flat=True)[0])
