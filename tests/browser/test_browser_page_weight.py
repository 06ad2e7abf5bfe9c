"""What a channel costs to open: requests and bytes on the wire, cold and warm; and what stands there before any script runs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

from chat import services
from chat.models import Channel, Member
from tests.conftest import Cast, said
from tests.stage.browsers import MARKS, MOVES, SignIn, aside
from tests.stage.servers import Server

pytestmark = MARKS

COLD_REQUESTS, COLD_BYTES = 12, 100_000
WARM_REQUESTS, WARM_BYTES = 5, 15_000
#: The page itself comes in pieces, as over a line of a phone; what it is made of is there already.
SLOW_LINE = {"offline": False, "latency": 20, "downloadThroughput": 20_000, "uploadThroughput": 20_000}


@dataclass
class Wire:
    """What went over it: address → bytes. A socket is one request; its frames are the chat itself, and not counted."""

    cost: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.cost.values())


@contextmanager
def listening(page: Page) -> Iterator[Wire]:
    """Counts what is really fetched, also what a page loads after it is shown: to the end of the block."""
    wire, urls, cached = Wire(), dict[str, str](), set[str]()
    devtools = page.context.new_cdp_session(page)

    def asked(event: Any) -> None:
        urls[event["requestId"]] = event["request"]["url"]

    def finished(event: Any) -> None:
        url = urls.get(event["requestId"], "")
        if url.startswith("http") and event["requestId"] not in cached:
            wire.cost[url] = wire.cost.get(url, 0) + int(event["encodedDataLength"])

    def answered(event: Any) -> None:
        if event["response"].get("fromDiskCache"):
            cached.add(event["requestId"])

    devtools.on("Network.requestWillBeSent", asked)
    devtools.on("Network.requestServedFromCache", lambda event: cached.add(event["requestId"]))
    devtools.on("Network.responseReceived", answered)
    devtools.on("Network.loadingFinished", finished)
    devtools.on("Network.webSocketCreated", lambda event: wire.cost.setdefault(event["url"], 0))
    devtools.send("Network.enable")
    yield wire
    devtools.detach()


def settled(page: Page, last: str | re.Pattern[str]) -> None:
    """The page is what it is after opening: rows, presence, and nothing under way."""
    expect(page.locator(".timeline.is-ready .body", has_text=last)).to_be_visible()
    expect(page.locator("#me-dot")).to_have_attribute("data-status", "online")
    page.wait_for_load_state("networkidle")


def a_channel_with_a_page_of_messages(cast: Cast) -> str:
    """Read to its end by everybody; its last message."""
    written(cast, cast.team, messages=24)
    return "23: nothing much"


def written(cast: Cast, channel: Channel, *, messages: int, unread: int = 0) -> None:
    """By alice and bob in turn, and read by both but for the last ones."""
    aside(write_all, cast, channel, messages)
    head = Channel.objects.get(pk=channel.pk).head
    Member.objects.filter(channel=channel).update(read_seq=head - unread, delivered_seq=head)


def write_all(cast: Cast, channel: Channel, messages: int) -> None:
    for n in range(messages):
        sender = cast.alice if n % 3 else cast.bob
        said(sender, channel, f"{n}: nothing much, but long enough to be a message that people write")


def test_a_channel_costs_few_requests_and_bytes(sign_in: SignIn, server: Server, cast: Cast) -> None:
    last = a_channel_with_a_page_of_messages(cast)
    page = sign_in("alice", server, path="about:blank")
    with listening(page) as cold:
        page.goto(f"/c/{cast.team.pk}/")
        settled(page, last)
    assert len(cold.cost) <= COLD_REQUESTS, cold.cost
    assert cold.total <= COLD_BYTES, cold.cost
    with listening(page) as warm:
        page.goto(f"/c/{cast.team.pk}/")
        settled(page, last)
    assert len(warm.cost) <= WARM_REQUESTS, warm.cost
    assert warm.total <= WARM_BYTES, warm.cost


def test_what_the_page_is_made_of_is_kept_for_ever_and_comes_compressed(
    sign_in: SignIn, server: Server, cast: Cast
) -> None:
    page = sign_in("alice", server, path="about:blank")
    answers = []
    page.on("response", lambda response: answers.append(response))
    page.goto(f"/c/{cast.team.pk}/")
    expect(page.locator(".timeline.is-ready")).to_be_visible()
    files = [answer for answer in answers if "/static/" in answer.url]
    assert files
    for answer in files:
        assert "immutable" in answer.headers["cache-control"], answer.url
    large = [answer for answer in files if answer.url.endswith((".js", ".css"))]
    assert {answer.headers.get("content-encoding") for answer in large} <= {"br", "gzip"}


def test_the_rows_of_the_server_are_there_before_the_script(sign_in: SignIn, server: Server, cast: Cast) -> None:
    last = a_channel_with_a_page_of_messages(cast)
    page = sign_in("alice", server, path="about:blank")
    page.route("**/page*.js", lambda route: route.abort())
    page.goto(f"/c/{cast.team.pk}/")
    expect(page.locator("#rows .body", has_text=last)).to_be_in_viewport()
    expect(page.locator(".timeline.is-ready")).to_have_count(0)


def test_nothing_jumps_while_a_channel_opens(sign_in: SignIn, server: Server, cast: Cast) -> None:
    cases = {
        "all read": {"messages": 24},
        "unread from the first row of the page": {"messages": 24, "unread": 20},
        "unread from before the newest page": {"messages": 24, "unread": 23},
        "unread from the beginning of a short channel": {"messages": 6, "unread": 5},
    }
    channels = {case: services.open_channel(cast.alice, name=case[:30], members=[cast.bob]) for case in cases}
    for case, channel in channels.items():
        written(cast, channel, **cases[case])
    for username, width in {"alice": 390, "bob": 1440}.items():
        page = sign_in(username, server, width=width, path=f"/c/{cast.team.pk}/", script=MOVES)
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW_LINE)
        for case, channel in channels.items():
            page.goto(f"/c/{channel.pk}/")
            settled(page, re.compile("^5: nothing much"))
            assert (case, page.evaluate("moves")) == (case, [])
