"""One conversation from its first word to its rating, in two browsers at once: on the company's page, and at the desk."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from chat.models import Conversation, Message
from tests.conftest import Cast
from tests.stage.browsers import MARKS, SignIn
from tests.stage.company_page import CompanyPage
from tests.stage.servers import Server
from tests.stage.support import Desk, open_desk

pytestmark = MARKS

NOTE = "Their third parcel that is late."


@pytest.fixture
def desk(cast: Cast) -> Desk:
    return open_desk()


@dataclass
class Customer:
    context: BrowserContext
    page: Page
    frame: FrameLocator

    def write(self, text: str) -> None:
        self.frame.get_by_label("Your message").fill(text)
        self.frame.get_by_label("Your message").press("Enter")

    def reads(self, *texts: str) -> None:
        """Each once, in this order, and nothing else that was said; all of it has arrived."""
        expect(self.frame.locator("#log .said .bubble")).to_have_text(list(texts))
        expect(self.frame.locator(".unsaid")).to_have_count(0)


@pytest.fixture
def customer(chromium: Browser, company: CompanyPage) -> Iterator[Customer]:
    with chromium.new_context(viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto(company.origin)
        page.get_by_role("button", name="Open the chat").click()
        yield Customer(context, page, page.frame_locator("iframe"))


@dataclass
class Agent:
    page: Page

    def choose(self, name: str) -> None:
        self.page.locator(".desk-row", has_text=name).click()
        expect(self.page.locator("#desk-name")).to_have_text(name)

    def write(self, text: str) -> None:
        self.page.locator("#desk-box").fill(text)
        self.page.keyboard.press("Control+Enter")

    def reads(self, *texts: str) -> None:
        expect(self.page.locator("#desk-said .desk-body")).to_have_text(list(texts))
        expect(self.page.locator(".is-sending")).to_have_count(0)

    def is_told(self, fact: str) -> None:
        expect(self.page.locator("#desk-facts")).to_contain_text(fact)


def begin(customer: Customer, agent: Agent) -> Conversation:
    """The chat says that somebody waits, and leads to the desk; claimed there, it is answered, and the answer is in the widget."""
    expect(agent.page.get_by_role("link", name="Support desk")).to_be_visible()
    expect(agent.page.locator(".channel-link")).to_have_count(0)
    customer.write("Where is my parcel?")
    expect(agent.page.locator("#helpdesk .badge")).to_have_text("1 waiting")
    agent.page.locator("#helpdesk").click()
    agent.choose("Visitor")
    agent.page.keyboard.press("c")
    agent.is_told("held by Sue")
    agent.reads("Where is my parcel?")
    agent.write("I am looking for it.")
    customer.reads("Where is my parcel?", "I am looking for it.")
    expect(customer.frame.locator("#log")).to_contain_text("Sue answers now")
    return Conversation.objects.get()


def cut(customer: Customer, agent: Agent) -> None:
    """Both write while neither has a line; with it back nothing is lost or doubled."""
    for context in (customer.context, agent.page.context):
        context.set_offline(True)
    customer.write("It was a red one.")
    agent.write("It left on Monday.")
    expect(customer.frame.locator(".unsaid")).to_have_count(1)
    expect(agent.page.locator(".is-sending")).to_have_count(1)
    for context in (customer.context, agent.page.context):
        context.set_offline(False)
    for side in (customer, agent):
        expect(
            side.frame.locator(".said") if isinstance(side, Customer) else side.page.locator("#desk-said .desk-body")
        ).to_have_count(4)
    said = list(Message.objects.filter(kind="text").order_by("seq").values_list("body", flat=True))
    assert sorted(said[2:]) == ["It left on Monday.", "It was a red one."]
    customer.reads(*said)
    agent.reads(*said)


def collide(customer: Customer, agent: Agent, desk: Desk, server: Server, conversation: Conversation) -> None:
    """A colleague answers what the agent is answering, who is told, and sends it all the same."""
    box = agent.page.locator("#desk-box")
    box.fill("It comes tomorrow.")
    agent.page.context.set_offline(True)
    with desk.http(server, desk.ben) as http:
        draft = {"client_msg_id": str(uuid.uuid4()), "body": "It comes at ten.", "seen_seq": 99}
        http.post(f"/conversations/{conversation.pk}/answer/", json=draft).raise_for_status()
    agent.page.keyboard.press("Control+Enter")
    agent.page.context.set_offline(False)
    expect(agent.page.locator("#desk-problem")).to_contain_text("Somebody else has answered")
    expect(box).to_have_value("It comes tomorrow.")
    agent.page.locator("#desk-send").click()
    expect(customer.frame.get_by_text("It comes tomorrow.")).to_have_count(1)


def note(customer: Customer, agent: Agent) -> None:
    agent.page.get_by_label("Note", exact=True).check()
    agent.write(NOTE)
    expect(agent.page.locator(".is-note .desk-body")).to_have_text(NOTE)
    agent.page.get_by_label("Answer", exact=True).first.check()
    expect(customer.frame.locator("#log .said")).to_have_count(6)


def snooze(customer: Customer, agent: Agent) -> None:
    agent.page.get_by_role("button", name="Snooze…").click()
    agent.page.get_by_role("button", name="Tomorrow").click()
    agent.is_told("snoozed")
    customer.write("It is here!")
    agent.is_told("open")
    expect(agent.page.locator("#desk-said")).to_contain_text("It is here!")


def rate(customer: Customer, agent: Agent) -> None:
    agent.page.get_by_role("button", name="Resolve", exact=True).click()
    agent.is_told("resolved")
    customer.frame.get_by_role("button", name="Very good").click()
    expect(customer.frame.locator("#rating")).to_have_text("Thank you!")
    agent.page.goto("/admin/desk/reports/")
    expect(agent.page.locator("body")).to_contain_text("5.0 of 5 (1)")


def test_a_customer_and_an_agent_from_the_first_word_to_the_rating(
    server: Server, desk: Desk, company: CompanyPage, customer: Customer, sign_in: SignIn
) -> None:
    agent = Agent(sign_in(desk.sue, server))
    conversation = begin(customer, agent)
    cut(customer, agent)
    collide(customer, agent, desk, server, conversation)
    note(customer, agent)
    snooze(customer, agent)
    rate(customer, agent)
    read = customer.frame.locator("body").inner_text()
    assert not [word for word in (desk.sue.username, desk.ben.username, NOTE) if word in read]
