"""Inviting at a real browser: one click to copy a link, a newcomer who opens it, and the pages at both sizes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from chat import services
from tests.conftest import PASSWORD, Cast
from tests.stage.browsers import MARKS, SignIn, aside
from tests.stage.servers import Server

pytestmark = MARKS


def test_one_click_copies_a_link_that_lets_a_newcomer_in(
    chromium: Browser, server: Server, cast: Cast, sign_in: SignIn
) -> None:
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", permissions=["clipboard-read", "clipboard-write"])
    page.click("#members-button")
    page.click("#members [data-act=add]")
    page.click("#inviting [data-act=copy]")
    expect(page.locator("#inviting [role=status]")).to_contain_text("Copied. Up to 100 people can use it, for a week.")
    url = page.evaluate("navigator.clipboard.readText()")
    assert url == page.input_value("#inviting-url")
    page.click("#inviting [data-act=copy]")
    assert page.evaluate("navigator.clipboard.readText()") == url, "the same link again, not another one"
    newcomer = chromium.new_context(base_url=server.url).new_page()
    newcomer.goto(url)
    expect(newcomer.locator(".door-channels")).to_contain_text("team")
    newcomer.fill("[name=username]", "dora")
    newcomer.fill("[name=password]", PASSWORD)
    newcomer.click("text=Create account")
    newcomer.wait_for_url(f"**/c/{cast.team.pk}/")
    expect(page.locator("#rows")).to_contain_text("dora joined, invited by Alice")
    page.click("#inviting [data-act=revoke]")
    expect(page.locator("#inviting [role=status]")).to_contain_text("no longer works")
    newcomer.context.clear_cookies()
    newcomer.goto(url)
    expect(newcomer.locator("h1")).to_have_text("This invitation is not valid")
    newcomer.context.close()


def test_where_sign_up_is_closed_nothing_offers_a_link(
    own_server: Callable[..., Server], cast: Cast, sign_in: SignIn
) -> None:
    page = sign_in("alice", own_server(SIGN_UP="closed"), path=f"/c/{cast.team.pk}/")
    page.click("#members-button")
    page.click("#members [data-act=add]")
    expect(page.locator("#people")).to_be_visible()
    expect(page.locator("#inviting")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_at_the_door_is_wider_than_the_screen(
    chromium: Browser, server: Server, cast: Cast, width: int
) -> None:
    secrets: list[str] = []

    def make() -> None:
        wide = services.open_channel(cast.alice, name="w" * 80, topic="t" * 250, kind="private")
        secrets.append(services.create_invite(cast.alice, channels=[wide.pk, cast.team.pk])[1])
        secrets.append(services.make_password_link(None, user=cast.bob.pk, reason="Lost it."))

    aside(make)
    page = chromium.new_context(base_url=server.url, viewport={"width": width, "height": 800}).new_page()
    paths = ["/sign-in/", "/sign-up/", "/invite/never-was/", "/new-password/never-was/"]
    for path in [*paths, f"/invite/{secrets[0]}/", f"/new-password/{secrets[1]}/"]:
        page.goto(path)
        assert page.locator("h1").count() == 1
        assert fits(page), path
    page.context.close()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
