"""The API's page in a real browser: self-hosted, under our own policy, with nothing to complain of."""

from playwright.sync_api import Browser, expect

from tests.stage.browsers import MARKS
from tests.stage.servers import Server

pytestmark = MARKS


def test_the_page_of_the_api_shows_every_operation_and_loads_nothing_from_elsewhere(
    chromium: Browser, server: Server
) -> None:
    page = chromium.new_page(color_scheme="dark")
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/api/v1/docs/")
    posting = page.locator("#operations-channels-post_channels_id_messages")
    expect(posting).to_be_visible()
    posting.locator(".opblock-summary-control").click()
    expect(posting).to_contain_text("The build is green.")
    expect(page.locator("html")).to_have_class("dark-mode")
    assert complaints == []
    assert [url for url in asked if not url.startswith((server.url, "data:"))] == []
    page.close()
