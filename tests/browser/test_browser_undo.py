"""Taking back what was just sent, where the person has chosen so."""

from playwright.sync_api import expect

from chat.models import Message
from tests.conftest import Cast
from tests.stage.browsers import MARKS, SignIn, beside, bodies, hold_time, write
from tests.stage.servers import Server

pytestmark = MARKS


def test_a_message_is_taken_back_before_it_is_sent(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/", moves_time=True)
    page.click(".me")
    page.check("#undo-sending")
    page.keyboard.press("Escape")
    # Its five seconds don't pass while it is taken back.
    hold_time(page)
    write(page, "too early")
    row = page.locator(".row.is-draft", has_text="too early")
    expect(row.locator(".held-left")).to_contain_text("Sends in")
    page.fill("#composer-body", "and more")
    row.locator(".undo").click()
    expect(page.locator("#composer-body")).to_have_value("too early\nand more")
    expect(row).to_have_count(0)
    page.clock.resume()
    # Chosen for this browser, over a reload; what waits then still goes.
    write(page, "late enough")
    page.reload()
    expect(page.locator("#undo-sending")).to_be_checked()
    expect(page.locator(".row:not(.is-draft) .body", has_text="late enough")).to_be_visible()
    assert bodies(page) == ["late enough"]
    assert beside(lambda: list(Message.objects.filter(kind="text").values_list("body", flat=True))) == ["late enough"]
    page.click(".me")
    page.uncheck("#undo-sending")
    page.keyboard.press("Escape")
    hold_time(page)
    write(page, "at once")
    expect(page.locator(".row:not(.is-draft) .body", has_text="at once")).to_be_visible()
