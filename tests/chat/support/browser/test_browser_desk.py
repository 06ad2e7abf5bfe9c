"""The desk in a browser: claiming, answering, the guard, notes, and unsent text."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from chat.models import Conversation, Message
from chat.support import services
from chat.support.models import CannedAnswer
from chat.support.services.erasing import erase_contact
from tests.conftest import Cast
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, SignIn, aside, beside
from tests.stage.servers import Server
from tests.stage.support import Desk, open_desk, visit

pytestmark = MARKS


@pytest.fixture
def desk(cast: Cast) -> Desk:
    desk = open_desk()
    CannedAnswer.objects.create(inbox=desk.inbox, code="hello", body="Hello {{visitor}}, {{agent}} here.")
    return desk


def begun(desk: Desk, name: str, body: str) -> Conversation:
    return beside(visit(desk.inbox, name).begin, body)


def drafted(body: str) -> dict[str, str]:
    return {"client_msg_id": str(uuid.uuid4()), "body": body}


def choose(page: Page, name: str) -> None:
    page.locator(".desk-row", has_text=name).click()
    expect(page.locator("#desk-name")).to_have_text(name)


def write(page: Page, text: str) -> None:
    page.locator("#desk-box").fill(text)
    page.keyboard.press("Control+Enter")


def said(conversation: Conversation) -> list[str]:
    rows = Message.objects.filter(channel=conversation.pk, kind="text").order_by("seq")
    return list(rows.values_list("body", flat=True))


def test_a_click_that_has_begun_is_not_lost_when_others_come(desk: Desk, sign_in: SignIn, server: Server) -> None:
    begun(desk, "Vera", "Where is my parcel?")
    page = sign_in(desk.ada, server, path="/admin/desk/")
    page.locator(".desk-row", has_text="Vera").hover()
    page.mouse.down()
    begun(desk, "Vince", "And mine?")
    expect(page.locator(".desk-row", has_text="Vince")).to_be_visible()
    page.mouse.up()
    expect(page.locator("#desk-name")).to_have_text("Vera")


def test_what_an_agent_reads_stands_still_while_the_desk_goes_on(desk: Desk, sign_in: SignIn, server: Server) -> None:
    vera = begun(desk, "Vera", "My parcel is 00340434161094021501.")
    aside(services.claim, desk.ada, conversation=vera.pk)
    page = sign_in(desk.ada, server, path="/admin/desk/")
    choose(page, "Vera")
    expect(page.locator("#desk-said .desk-body")).to_be_visible()
    page.locator("#desk-said .desk-body").select_text()
    begun(desk, "Vince Hohenzollern-Sigmaringen von und zu Liechtenstein XII", "And mine?")
    expect(page.locator(".desk-row", has_text="Vince")).to_be_visible()
    assert page.locator("#desk-list").evaluate("box => box.scrollWidth - box.clientWidth") == 0
    assert page.evaluate("String(getSelection())") == "My parcel is 00340434161094021501."
    # The second half of the double click would meet "Reopen", which comes into the place of "Pending".
    page.get_by_role("button", name="Pending").dblclick()
    expect(page.locator("#desk-facts")).to_contain_text("pending")
    page.get_by_role("button", name="Reopen").hover()
    page.mouse.down()
    begun(desk, "Victor", "And mine too?")
    expect(page.locator(".desk-row", has_text="Victor")).to_be_visible()
    expect(page.locator("#desk-facts")).to_contain_text("pending")
    page.mouse.up()
    expect(page.locator("#desk-facts")).to_contain_text("open")


def test_an_agent_claims_answers_and_notes(desk: Desk, sign_in: SignIn, server: Server) -> None:
    vera = begun(desk, "Vera", "Where is my parcel?")
    page = sign_in(desk.ada, server, path="/admin/desk/")
    choose(page, "Vera")
    expect(page.locator("#desk-said")).to_contain_text("Claim the conversation to read it.")
    page.keyboard.press("c")
    expect(page.locator("#desk-said")).to_contain_text("Where is my parcel?")
    expect(page.locator("[data-whose=mine]")).to_have_text("Mine 1")

    page.locator("#desk-box").press_sequentially("/he")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".is-mine .desk-body")).to_have_text(f"Hello Vera, {desk.ada.get_full_name()} here.")

    page.get_by_label("Note", exact=True).check()
    write(page, "Their third parcel.")
    expect(page.locator(".is-note .desk-body")).to_have_text("Their third parcel.")
    page.get_by_label("Answer", exact=True).check()
    write(page, "Send **this**:\n```js\nlet a = 1;\n```")
    expect(page.locator(".is-mine .desk-body strong")).to_have_text("this")
    expect(page.locator(".is-mine .code .is-keyword")).to_have_text("let")
    assert violations(page) == []
    expect(page.locator(".is-sending")).to_have_count(0)
    assert "Their third parcel." not in said(vera)


def test_nobody_answers_past_a_colleague_without_knowing_it(desk: Desk, sign_in: SignIn, server: Server) -> None:
    vera = begun(desk, "Vera", "Where is my parcel?")
    aside(services.claim, desk.ada, conversation=vera.pk)
    page = sign_in(desk.ada, server, path="/admin/desk/")
    choose(page, "Vera")
    expect(page.locator("#desk-said")).to_contain_text("Where is my parcel?")
    page.locator("#desk-box").fill("It arrives today.")
    # The line is away while ben answers.
    page.context.set_offline(True)
    with desk.http(server, desk.ben) as http:
        http.post(
            f"/conversations/{vera.pk}/answer/", json={**drafted("It left on Monday."), "seen_seq": 99}
        ).raise_for_status()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".is-sending")).to_contain_text("Sending")
    page.context.set_offline(False)
    expect(page.locator("#desk-problem")).to_contain_text("Somebody else has answered")
    expect(page.locator("#desk-said")).to_contain_text("It left on Monday.")
    expect(page.locator("#desk-box")).to_have_value("It arrives today.")
    page.locator("#desk-send").click()
    expect(page.locator("#desk-problem")).to_be_hidden()
    expect(page.locator("article.is-mine .desk-body").last).to_have_text("It arrives today.")
    expect(page.locator(".is-sending")).to_have_count(0)
    assert violations(page) == []
    assert said(vera)[-2:] == ["It left on Monday.", "It arrives today."]


def test_a14_what_was_typed_stays_in_its_own_conversation(desk: Desk, sign_in: SignIn, server: Server) -> None:
    vera, jon = begun(desk, "Vera", "Where is my parcel?"), begun(desk, "Jon", "The invoice is wrong.")
    aside(services.claim, desk.ada, conversation=vera.pk)
    aside(services.claim, desk.ada, conversation=jon.pk)
    page = sign_in(desk.ada, server, path="/admin/desk/")
    box = page.locator("#desk-box")
    choose(page, "Vera")
    box.fill("Dear Vera")
    choose(page, "Jon")
    expect(box).to_have_value("")
    box.fill("Dear Jon")
    choose(page, "Vera")
    expect(box).to_have_value("Dear Vera")
    aside(services.take_over, desk.sue, conversation=vera.pk)
    expect(page.locator("#desk-facts")).to_contain_text(f"held by {desk.sue.get_full_name()}")
    expect(box).to_have_value("Dear Vera")
    aside(services.resolve, desk.sue, conversation=vera.pk)
    expect(page.locator("#desk-facts")).to_contain_text("resolved")
    expect(box).to_have_value("Dear Vera")
    page.reload()
    expect(page.locator("#desk-name")).to_have_text("Vera")
    expect(box).to_have_value("Dear Vera")
    choose(page, "Jon")
    expect(box).to_have_value("Dear Jon")
    assert said(vera) == ["Where is my parcel?"]


def test_the_queue_keeps_up_by_itself_and_fits_a_phone(desk: Desk, sign_in: SignIn, server: Server) -> None:
    vera = begun(desk, "Vera", "Where is my parcel?")
    page = sign_in(desk.ada, server, path="/admin/desk/", width=390)
    expect(page.locator(".desk-row")).to_have_count(1)
    begun(desk, "Jon", "The invoice is wrong.")
    expect(page.locator(".desk-row")).to_have_count(2)
    expect(page).to_have_title(re.compile(r"^\(2\)"))
    aside(services.claim, desk.ben, conversation=vera.pk)
    expect(page.locator(".desk-row", has_text="Vera")).to_contain_text(desk.ben.get_full_name())
    choose(page, "Jon")
    page.get_by_role("button", name="Claim").click()
    expect(page.locator("#desk-said")).to_contain_text("The invoice is wrong.")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Snooze…").click()
    page.get_by_role("button", name=re.compile("Tomorrow")).click()
    expect(page.locator("#desk-facts")).to_contain_text("snoozed")
    page.get_by_role("button", name="Reopen").click()
    expect(page.locator("#desk-facts")).to_contain_text("open")
    assert violations(page) == []
    page.get_by_role("button", name="Back to the queue").click()
    expect(page.locator(".desk-row", has_text="Jon")).to_be_visible()


def test_the_desk_is_for_agents(desk: Desk, sign_in: SignIn, server: Server) -> None:
    page = sign_in(desk.dan, server, path="/admin/desk/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("#desk").count() == 0


def test_an_open_page_shows_nothing_of_an_erased_conversation(desk: Desk, sign_in: SignIn, server: Server) -> None:
    vera = begun(desk, "Vera", "My address is Elm Street 7.")
    aside(services.claim, desk.ada, conversation=vera.pk)
    page = sign_in(desk.ada, server, path="/admin/desk/")
    choose(page, "Vera")
    expect(page.locator("#desk-said")).to_contain_text("Elm Street")
    aside(services.resolve, desk.ada, conversation=vera.pk)
    aside(erase_contact, desk.sue, visitor=vera.visitor_id, reason="She asked for it.")
    expect(page.locator("#desk-said")).not_to_contain_text("Elm Street")
    expect(page.locator("#desk-name")).to_have_text("Erased visitor")
    expect(page.locator("body")).not_to_contain_text("Vera")
