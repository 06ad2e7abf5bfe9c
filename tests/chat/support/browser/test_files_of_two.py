"""Files between a customer and the desk: each sees the other's files by their own rights."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, FrameLocator, Page, expect

from chat.models import Conversation, Message, User
from chat.support import services
from tests.stage import pictures
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, SignIn, aside, beside
from tests.stage.company_page import CompanyPage
from tests.stage.servers import Server
from tests.stage.support import Desk

pytestmark = MARKS

LABEL: Any = {"name": "label.png", "mimeType": "image/png", "buffer": pictures.picture(size=(1600, 900))}
LOG: Any = {"name": "printer log.txt", "mimeType": "text/plain", "buffer": b"jam"}
SOUND: Any = {"name": "noise.wav", "mimeType": "audio/wav", "buffer": pictures.sound()}
BOMB: Any = {"name": "large.png", "mimeType": "image/png", "buffer": pictures.enormous()}
SHOTS = os.environ.get("GAPLESS_SHOTS")
#: Of a file with so many bytes, at the box where one writes.
GIVEN = """(box, [event, name, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes).fill(65)], name, { type: "text/plain" }));
  const how = { bubbles: true, cancelable: true, dataTransfer: files, clipboardData: files };
  box.dispatchEvent(event === "paste" ? new ClipboardEvent(event, how) : new DragEvent(event, how));
}"""


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(SHOTS) / f"{name}-{scheme}.png")


def test_customer_and_agent_send_each_other_files(
    server: Server, desk: Desk, company: CompanyPage, chromium: Browser, sign_in: SignIn
) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto(company.origin)
        page.get_by_role("button", name="Open the chat").click()
        frame = page.frame_locator("iframe")
        a_conversation_begins_with_files(page, frame)
        conversation = beside(Conversation.objects.get)
        aside(services.claim, desk.ada, conversation=conversation.pk)

        agent = sign_in(desk.ada, server, path=f"/admin/desk/#{conversation.pk}")
        expect(agent.locator(".is-customer .file-card", has_text="printer log.txt")).to_be_visible()
        expect(agent.locator(".is-customer audio")).to_be_visible()
        the_agent_sends_one(agent)

        picture = frame.locator(".said .file-image")
        expect(picture).to_have_attribute("width", "360")
        expect(picture).to_have_js_property("naturalWidth", 720)
        with page.expect_download() as download:
            frame.locator(".own .file-card", has_text="printer log.txt").click()
        assert (download.value.suggested_filename, download.value.path().read_bytes()) == ("printer log.txt", b"jam")

        without_a_connection_it_waits(page, frame, agent)
        if SHOTS:
            agent.screenshot(path=Path(SHOTS) / "desk-files.png")
    assert [len(files) for files in beside(given)] == [2, 1, 1]
    # Several files that come at once begin one visit.
    assert beside(User.objects.filter(kind="visitor").count) == 1


def a_conversation_begins_with_files(page: Page, frame: FrameLocator) -> None:
    box, attached = frame.get_by_label("Your message"), frame.locator(".attached")
    # What can't be sent says why, and goes out again.
    expect(frame.get_by_role("button", name="Attach files")).to_be_enabled()
    frame.locator("#attach-input").set_input_files([BOMB, LOG, SOUND])
    expect(attached.filter(has_text="large.png").locator(".attached-state")).to_contain_text("pixels")
    box.evaluate(GIVEN, ["drop", "film.txt", 26 * 1024 * 1024])
    expect(frame.locator("#problem")).to_have_text("film.txt is too large: 25.0 MB are allowed.")
    shoot(page, "widget-attaching")
    assert violations(page, frame=page.frames[1]) == []
    frame.get_by_role("button", name="Take large.png out").click()
    expect(attached).to_have_count(2)
    # A conversation begins with files and no words.
    frame.get_by_role("button", name="Send").click()
    expect(frame.locator(".own audio")).to_be_visible()
    expect(frame.locator(".own.unsaid")).to_have_count(0)


def the_agent_sends_one(agent: Page) -> None:
    agent.locator("#desk-attach-input").set_input_files([LABEL])
    expect(agent.locator(".attached-state")).not_to_contain_text(" of ")
    agent.locator("#desk-send").click()
    expect(agent.locator(".is-mine .file-image")).to_have_attribute("width", "360")
    expect(agent.locator(".attached")).to_have_count(0)
    assert violations(agent) == []


def without_a_connection_it_waits(page: Page, frame: FrameLocator, agent: Page) -> None:
    """It can be taken back, and goes out once when there is one."""
    box, attached = frame.get_by_label("Your message"), frame.locator(".attached")
    page.context.set_offline(True)
    box.evaluate(GIVEN, ["paste", "second log.txt", 300_000])
    box.fill("And this one")
    box.press("Enter")
    expect(frame.locator(".unsaid .file-card", has_text="second log.txt")).to_be_visible()
    shoot(page, "widget-waiting")
    frame.get_by_role("button", name="Cancel").click()
    expect(box).to_have_value("And this one")
    expect(attached).to_have_count(1)
    box.press("Enter")
    page.context.set_offline(False)
    expect(agent.locator(".is-customer .file-card", has_text="second log.txt")).to_be_visible()
    expect(frame.locator(".unsaid")).to_have_count(0)
    shoot(page, "widget-files")


def given() -> list[Any]:
    return list(Message.objects.exclude(files=None).order_by("seq").values_list("files", flat=True))
