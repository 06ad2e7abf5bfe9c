"""What people answer with one picture, keep at hand, and say in emoji: on a phone and on a desk, in both themes."""

import datetime
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from chat import clock, services
from chat.models import Message, Reaction, Saved
from tests.conftest import Cast, said
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, SignIn, aside
from tests.stage.servers import Server

pytestmark = MARKS


LONG_PRESS = """async (chip) => {
  const finger = { bubbles: true, pointerType: "touch", isPrimary: true };
  chip.dispatchEvent(new PointerEvent("pointerdown", finger));
  await new Promise((resolve) => setTimeout(resolve, 600));
  chip.dispatchEvent(new PointerEvent("pointerup", finger));
  chip.click();
}"""


def row_of(page: Page, text: str) -> Locator:
    return page.locator("#rows .row", has_text=text)


def chips(page: Page, text: str) -> list[str]:
    """`👍 2*`: with how many, and whether one's own is among them."""
    found = row_of(page, text).locator(".reaction")
    return [
        " ".join(chip.inner_text().split()) + ("*" if chip.get_attribute("aria-pressed") == "true" else "")
        for chip in found.all()
    ]


def menu_of(page: Page, text: str) -> None:
    row_of(page, text).focus()
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("width", "other"), [(390, 1440), pytest.param(1440, 390, marks=pytest.mark.by_hand)])
def test_people_react_pin_save_and_write_emoji(
    server: Server, cast: Cast, sign_in: SignIn, width: int, other: int
) -> None:
    said(cast.alice, cast.team, "lunch at noon?")
    row = Message.objects.get(body="lunch at noon?")
    services.add_reaction(cast.bob, channel=cast.team.pk, message=row.pk, emoji="🎉")
    path = f"/c/{cast.team.pk}/"
    alice = sign_in("alice", server, width=other, path=path)
    bob = sign_in("bob", server, width=width, path=path, has_touch=width == 390)
    expect(row_of(alice, "lunch").locator(".reaction")).to_have_count(1)
    assert (chips(alice, "lunch"), chips(bob, "lunch")) == (["🎉 1"], ["🎉 1*"])

    # One of the six, from the menu; another from the picker, found by a word.
    menu_of(bob, "lunch")
    bob.click('#message-menu [data-act="react 👍"]')
    expect(row_of(alice, "lunch").locator(".reaction")).to_have_count(2)
    menu_of(bob, "lunch")
    bob.click('#message-menu .quick [data-act="react"]')
    bob.click('.picker-tones [data-tone="3"]')
    tone = bob.locator('.picker-tones [data-tone="3"]').bounding_box()
    assert tone
    assert width == 1440 or min(tone["width"], tone["height"]) >= 44
    bob.fill(".picker input", "pizza")
    expect(bob.locator(".picker-grid button").first).to_have_attribute("data-emoji", "🍕")
    assert violations(bob) == []
    bob.press(".picker input", "Enter")
    expect(row_of(alice, "lunch").locator(".reaction")).to_have_count(3)
    row_of(alice, "lunch").locator(".reaction").first.click()
    expect(row_of(bob, "lunch").locator(".reaction").first).to_have_text("🎉 2")
    assert (chips(alice, "lunch"), chips(bob, "lunch")) == (["🎉 2*", "👍 1", "🍕 1"], ["🎉 2*", "👍 1*", "🍕 1*"])

    # Who they are, while the focus is on it; and one's own is taken back.
    row_of(bob, "lunch").focus()
    row_of(bob, "lunch").locator(".reaction").first.press("Tab")
    expect(bob.locator("#reactors-rows")).to_contain_text("You")
    row_of(bob, "lunch").locator(".reaction").first.press("Enter")
    expect(row_of(alice, "lunch").locator(".reaction").first).to_have_text("🎉 1")

    # A long press says who as well, and is no click.
    if width == 390:
        row_of(bob, "lunch").locator(".reaction").last.evaluate(LONG_PRESS)
        expect(bob.locator("#reactors-rows")).to_contain_text("You")
        assert chips(bob, "lunch") == ["🎉 1", "👍 1*", "🍕 1*"]

    # The six are in the skin tone that was chosen in the picker.
    menu_of(bob, "lunch")
    expect(bob.locator('#message-menu [data-act="react 👍"]')).to_have_text("👍🏽")
    bob.click('#message-menu [data-act="react 👍"]')
    expect(row_of(alice, "lunch").locator('[data-emoji="👍🏽"]')).to_have_text("👍🏽 1")

    # Without a connection: at once here, kept over a reload, and in the rows once it has come back.
    bob.route_web_socket("**/ws/", lambda socket: socket.close())
    bob.reload()
    menu_of(bob, "lunch")
    bob.click('#message-menu [data-act="react ✅"]')
    expect(row_of(bob, "lunch").locator('[data-emoji="✅"]')).to_have_attribute("aria-pressed", "true")
    assert Reaction.objects.filter(emoji="✅").count() == 0
    there = bob.context.new_page()
    bob.close()
    there.goto(path)
    expect(row_of(alice, "lunch").locator('[data-emoji="✅"]')).to_have_text("✅ 1")
    bob = there

    # What is refused goes away again, and says why.
    hour = datetime.timedelta(hours=1)
    mute = {"channel": cast.team.pk, "user": cast.bob}
    aside(services.mute_member, cast.alice, **mute, until=clock.now() + hour)
    menu_of(bob, "lunch")
    bob.click('#message-menu [data-act="react 😂"]')
    expect(bob.locator("#toast")).to_contain_text("was removed")
    expect(row_of(bob, "lunch").locator('[data-emoji="😂"]')).to_have_count(0)
    aside(services.mute_member, cast.alice, **mute, until=None)

    # Pinned for everybody, saved for oneself; each list leads to the message.
    for act in ("pin", "save"):
        menu_of(bob, "lunch")
        bob.click(f'#message-menu [data-act="{act}"]')
    expect(row_of(alice, "lunch").locator(".pinned")).to_be_visible()
    open_pins(alice)
    expect(alice.locator("#pins .found-line")).to_contain_text("lunch at noon?")
    alice.click("#pins .found-line")
    expect(row_of(alice, "lunch")).to_be_focused()
    bob.evaluate("document.querySelector('#settings [data-open=saved]').click()")
    expect(bob.locator("#saved .found-line")).to_contain_text("lunch at noon?")
    bob.click("#saved .kept-line > .icon-button")
    expect(bob.locator("#saved .found-line")).to_have_count(0)
    assert not Saved.objects.exists()
    bob.click("#saved [data-close]")

    # `:name:` while one writes, chosen or said whole; alone they are large.
    bob.locator("#composer-body").press_sequentially(":pizz")
    expect(bob.locator("#completion [role=option]").first).to_contain_text(":pizza:")
    bob.press("#composer-body", "Tab")
    expect(bob.locator("#composer-body")).to_have_value("🍕")
    bob.locator("#composer-body").press_sequentially(":tada:")
    expect(bob.locator("#composer-body")).to_have_value("🍕🎉")
    bob.press("#composer-body", "Enter") if width > 390 else bob.click(".send")
    expect(row_of(alice, "🍕🎉").last).to_have_class(re.compile("is-large"))
    assert [violations(page) for page in (alice, bob)] == [[], []]


def open_pins(page: Page) -> None:
    if page.locator(".pins-button").is_visible():
        page.click(".pins-button")
    else:
        # A phone has them in the menu.
        page.click("#channel-menu-button")
        page.click('.menu-item[data-open="pins"]')
