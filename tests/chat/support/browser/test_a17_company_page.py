"""A17: the company's page works without Gapless; before a click it costs 6 KB; a page of elsewhere is refused the frame."""

import gzip

import httpx
from playwright.sync_api import Browser, expect

from tests.stage.browsers import MARKS
from tests.stage.company_page import CompanyPage, company_of
from tests.stage.ports import free_port
from tests.stage.servers import Server
from tests.stage.support import Desk

pytestmark = MARKS

MOST_BYTES = 6 * 1024
SHIFTS = """globalThis.shift = 0;
new PerformanceObserver((list) => { for (const each of list.getEntries()) globalThis.shift += each.value; })
  .observe({ type: "layout-shift", buffered: true });"""


def test_a17_before_a_click_it_costs_one_small_script_and_moves_nothing(
    server: Server, company: CompanyPage, chromium: Browser
) -> None:
    with chromium.new_context(viewport={"width": 390, "height": 800}) as context:
        # The company's own policy needs to allow our origin, and nothing inline.
        company.policy = (
            f"default-src 'none'; style-src 'unsafe-inline'; script-src {server.url}; frame-src {server.url}"
        )
        page, asked, complaints = context.new_page(), list[str](), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
        page.add_init_script(SHIFTS)
        page.goto(company.origin)
        expect(page.get_by_role("button", name="Open the chat")).to_be_visible()
        assert [url for url in asked if url.startswith(server.url)] == [f"{server.url}/widget.js"]
        assert page.locator("iframe").count() == 0
        page.get_by_role("button", name="Open the chat").click()
        expect(page.frame_locator("iframe").get_by_label("Your message")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Open the chat")).to_be_focused()
        assert page.evaluate("globalThis.shift") == 0
        assert complaints == []
    loader = httpx.get(f"{server.url}/widget.js", trust_env=False)
    assert len(gzip.compress(loader.content)) <= MOST_BYTES
    assert "public" in loader.headers["Cache-Control"]


def test_a17_a_page_of_elsewhere_is_refused_the_frame(
    server: Server, desk: Desk, company: CompanyPage, chromium: Browser
) -> None:
    answer = httpx.get(f"{server.url}/widget/{desk.inbox.key}/", trust_env=False)
    assert f"frame-ancestors {company.origin}" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    for path in ("/sign-in/", "/widget/nobodys/"):
        policy = httpx.get(server.url + path, trust_env=False).headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, path
    with company_of(server, desk.inbox.key) as elsewhere, chromium.new_context() as context:
        page, complaints = context.new_page(), list[str]()
        page.on("console", lambda line: complaints.append(line.text))
        page.goto(elsewhere.origin)
        page.get_by_role("button", name="Open the chat").click()
        expect(page.get_by_text("The chat can't be reached at the moment.")).to_be_visible()
        assert any("frame-ancestors" in line for line in complaints)
    doorstep = f"{server.url}/api/v1/support/{desk.inbox.key}/"
    ours = httpx.get(doorstep, headers={"Origin": company.origin}, trust_env=False)
    assert (ours.status_code, ours.headers["Access-Control-Allow-Origin"]) == (200, company.origin)
    assert ours.json()["open"] is True
    theirs = httpx.get(doorstep, headers={"Origin": "https://elsewhere.example"}, trust_env=False)
    assert (theirs.status_code, "Access-Control-Allow-Origin" in theirs.headers) == (403, False)


def test_a17_a_page_works_where_gapless_is_down(desk: Desk, chromium: Browser) -> None:
    with CompanyPage().served() as company, chromium.new_context() as context:
        company.shows(f"http://localhost:{free_port()}", desk.inbox.key, script="document.title = 'The page works'")
        page, errors = context.new_page(), list[str]()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(SHIFTS)
        page.goto(company.origin)
        expect(page).to_have_title("The page works")
        expect(page.get_by_role("heading", name="Instruments for people")).to_be_visible()
        assert page.evaluate("globalThis.shift") == 0
        assert errors == []
