"""Files between a customer and the desk: each sees what the other has sent, by what each of them may."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from chat.models import Conversation, Message
from chat.support import services
from tests.conftest import said
from tests.stage import pictures
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, SignIn, aside, beside
from tests.stage.company import CompanyPage
from tests.stage.files import kept
from tests.stage.servers import Server
from tests.stage.support import Desk

pytestmark = MARKS

LABEL: Any = {"name": "label.png", "mimeType": "image/png", "buffer": pictures.picture(size=(1600, 900))}
SHOTS = os.environ.get("GAPLESS_SHOTS")


def test_customer_and_agent_see_each_others_files(
    server: Server, desk: Desk, company: CompanyPage, chromium: Browser, sign_in: SignIn
) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto(company.origin)
        page.get_by_role("button", name="Open the chat").click()
        frame = page.frame_locator("iframe")
        frame.get_by_label("Your message").fill("My label does not print")
        frame.get_by_label("Your message").press("Enter")
        expect(frame.locator(".said:not(.unsaid)")).to_have_count(1)
        conversation = beside(Conversation.objects.get)
        plan, sound = (beside(kept, conversation.visitor, *file) for file in FILES)
        aside(said, conversation.visitor, conversation.channel, "", files=(plan.pk, sound.pk))
        aside(services.claim, desk.ada, conversation=conversation.pk)

        agent = sign_in(desk.ada, server, path=f"/admin/desk/#{conversation.pk}")
        expect(agent.locator(".is-customer .file-card", has_text="printer log.txt")).to_be_visible()
        expect(agent.locator(".is-customer audio")).to_be_visible()
        agent.locator("#desk-attach-input").set_input_files([LABEL])
        expect(agent.locator(".attached-state")).not_to_contain_text(" of ")
        agent.locator("#desk-send").click()
        expect(agent.locator(".is-mine .file-image")).to_have_attribute("width", "360")
        expect(agent.locator(".attached")).to_have_count(0)
        assert violations(agent) == []

        picture = frame.locator(".said .file-image")
        expect(picture).to_have_attribute("width", "360")
        expect(picture).to_have_js_property("naturalWidth", 720)
        expect(frame.locator(".own audio")).to_be_visible()
        with page.expect_download() as download:
            frame.locator(".own .file-card", has_text="printer log.txt").click()
        assert (download.value.suggested_filename, download.value.path().read_bytes()) == ("printer log.txt", b"jam")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / "widget-files.png")
            agent.screenshot(path=Path(SHOTS) / "desk-files.png")
    assert beside(Message.objects.exclude(files=None).count) == 2


FILES = ((b"jam", "printer log.txt"), (pictures.sound(), "noise.wav"))
