"""A8: in a browser that gives third parties nothing, the chat is the same after a reload, in a second tab and the next day."""

import datetime
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from chat.models import Channel, Conversation, Member, Message, User
from chat.services import log
from tests.conftest import said
from tests.stage.browsers import FLAGS, MARKS, aside, beside
from tests.stage.chromium import WHOLE
from tests.stage.company_page import CompanyPage
from tests.stage.servers import Server
from tests.stage.support import Desk

pytestmark = MARKS

QUESTION = "Where is my parcel?"
#: As a proxy that knows no WebSocket: it lets none open.
NO_SOCKET = """globalThis.WebSocket = class extends EventTarget {
  static OPEN = 1;
  constructor() { super(); setTimeout(() => this.onclose?.({ code: 1006 }), 5); }
  close() {}
};"""


@pytest.fixture(scope="module", name="chromium")
def whole(chromium: Browser) -> Iterator[Browser]:
    """The whole browser: without its settings the shell gives third parties a storage."""
    browser = chromium.browser_type.launch(executable_path=WHOLE, args=FLAGS)
    yield browser
    browser.close()


def opened(context: BrowserContext, company: CompanyPage) -> tuple[Page, FrameLocator]:
    page = context.new_page()
    page.goto(company.origin)
    page.get_by_role("button", name="Open the chat").click()
    return page, page.frame_locator("iframe")


def write(frame: FrameLocator, text: str) -> None:
    frame.get_by_label("Your message").fill(text)
    frame.get_by_label("Your message").press("Enter")


def said_in(frame: FrameLocator, text: str) -> None:
    """It stands there once, and is not waiting to be sent."""
    expect(frame.locator(".said:not(.unsaid)").get_by_text(text, exact=True)).to_have_count(1)


def answer(agent: User, text: str) -> None:
    [conversation] = Conversation.objects.all()
    Member.objects.get_or_create(channel=conversation.channel, user=agent)
    said(agent, conversation.channel, text)


def tell(agent: User, kind: str, sentence: str) -> None:
    """A line of the desk's in the conversation, as its verbs write it."""
    with log.writing(Conversation.objects.get().pk) as entry:
        entry.note(agent, {"type": kind, "user": agent.pk}, sentence)


def test_a8_the_same_conversation_after_a_reload_in_a_second_tab_and_the_next_day(
    server: Server, desk: Desk, company: CompanyPage, chromium: Browser
) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 800}) as context:
        page, frame = opened(context, company)
        denied = page.frames[1].evaluate("() => { try { localStorage; return false } catch { return true } }")
        assert denied, "this browser gives the frame a storage: the test proves nothing"
        write(frame, QUESTION)
        said_in(frame, QUESTION)

        page.reload()
        page.get_by_role("button", name="Open the chat").click()
        said_in(frame, QUESTION)

        second, other = opened(context, company)
        said_in(other, QUESTION)
        aside(answer, desk.ada, "It leaves tomorrow.")
        for each in (frame, other):
            said_in(each, "It leaves tomorrow.")
        aside(answer, desk.ada, f"**Wait**, it was {'x' * 80}:\n```\n{'y' * 80}\n```")
        expect(frame.locator(".bubble strong")).to_have_text("Wait")
        assert frame.locator("#scroller").evaluate("box => box.scrollWidth === box.clientWidth")
        write(other, "Thank you")
        said_in(frame, "Thank you")
        second.close()
        page.close()

        # Nobody looks, and it is resolved.
        aside(tell, desk.ada, "conversation.resolved", "The conversation was resolved")
        late = context.new_page()
        late.clock.install(time=datetime.datetime.now() + datetime.timedelta(days=1))
        late.goto(company.origin)
        late.get_by_role("button", name="Open the chat").click()
        frame = late.frame_locator("iframe")
        for text in (QUESTION, "It leaves tomorrow.", "Thank you"):
            said_in(frame, text)
        expect(frame.get_by_text("The conversation was resolved")).to_be_visible()
        assert context.cookies() == []
    assert beside(Conversation.objects.count) == 1
    assert beside(Message.objects.filter(kind="text", sender__kind="visitor").count) == 2
    assert beside(Channel.objects.filter(is_support=True).count) == 1


def test_a8_where_sockets_are_blocked_it_goes_on_by_requests_that_wait(
    server: Server, desk: Desk, company: CompanyPage, chromium: Browser
) -> None:
    with chromium.new_context(viewport={"width": 1440, "height": 900}) as context:
        context.add_init_script(NO_SOCKET)
        page, frame = opened(context, company)
        write(frame, QUESTION)
        said_in(frame, QUESTION)
        aside(answer, desk.ada, "It leaves tomorrow.")
        said_in(frame, "It leaves tomorrow.")
        expect(frame.locator("#banner")).to_be_hidden()
        # Closed, it says on the button that somebody has answered.
        page.get_by_role("button", name="Close the chat").click()
        aside(answer, desk.ada, "Or the day after.")
        expect(page.get_by_role("button", name="Open the chat: 1 unread")).to_be_visible()


def test_what_is_written_as_soon_as_the_chat_can_be_seen_goes_out(
    server: Server, desk: Desk, company: CompanyPage, chromium: Browser
) -> None:
    with chromium.new_context() as context:
        context.route("**/widget-frame*", lambda route: (time.sleep(1), route.continue_()))
        _, frame = opened(context, company)
        write(frame, QUESTION)
        said_in(frame, QUESTION)


def test_a8_what_is_written_without_a_connection_goes_out_once_when_it_is_back(
    server: Server, desk: Desk, company: CompanyPage, chromium: Browser
) -> None:
    with chromium.new_context() as context:
        _, frame = opened(context, company)
        write(frame, QUESTION)
        said_in(frame, QUESTION)
        context.set_offline(True)
        write(frame, "Are you there?")
        expect(frame.get_by_text("Not sent yet. We keep trying")).to_be_visible()
        context.set_offline(False)
        said_in(frame, "Are you there?")
    assert beside(Message.objects.filter(body="Are you there?").count) == 1
