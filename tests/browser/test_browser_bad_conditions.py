"""The page when what is around it is wrong: no network, a clock that is an hour off, a finger instead of a keyboard."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chat import services
from tests.conftest import Cast, said
from tests.stage.browsers import MARKS, SignIn, aside, hold_time, write
from tests.stage.moments import zone_at_noon
from tests.stage.servers import Server

pytestmark = MARKS

HOUR_MS = 3_600_000

#: The browser's clock of day is so many milliseconds off; what counts durations is right.
WRONG_CLOCK = """
const RightDate = Date;
globalThis.Date = class extends RightDate {
  constructor(...given) {
    super(...(given.length ? given : [RightDate.now() + %d]));
  }
  static now() {
    return RightDate.now() + %d;
  }
};
"""

#: Every drawn icon, by what it refers to; one without a shape has nothing to show.
EMPTY_ICONS = """() => [...document.querySelectorAll("svg.icon use")]
  .filter((use) => use.checkVisibility() && !use.getBBox().width)
  .map((use) => use.getAttribute("href"))"""


def test_icons_need_no_network(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", moves_time=True)
    expect(page.locator("#composer-body")).to_be_editable()
    page.context.set_offline(True)
    write(page, "into the void")
    expect(page.locator(".is-draft")).to_have_count(1)
    page.clock.run_for(5_500)
    expect(page.locator("#banner")).to_be_visible()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.click("#members-button")
    page.click("#channel-menu-button")
    assert page.locator("#banner .icon use").get_attribute("href") == "#icon-alert"
    assert page.locator(".is-draft .ticks use").get_attribute("href") == "#icon-clock"
    assert page.evaluate(EMPTY_ICONS) == []
    assert [url for url in requests if url.endswith(".svg")] == []


@pytest.mark.parametrize("off_by", [HOUR_MS, -HOUR_MS], ids=["fast", "slow"])
def test_a_browsers_clock_that_is_an_hour_off_changes_nothing(
    sign_in: SignIn, server: Server, cast: Cast, off_by: int
) -> None:
    wrong = {"script": WRONG_CLOCK % (off_by, off_by), "timezone_id": zone_at_noon()}
    alice, bob = (sign_in(name, server, path=f"/c/{cast.team.pk}/", **wrong) for name in ("alice", "bob"))
    expect(bob.locator("#composer-body")).to_be_editable()
    alice.click("#members-button")
    # Typing is seen, and goes.
    expect(alice.locator("[data-status=online] .member", has_text="Bob")).to_be_visible()
    bob.locator("#composer-body").press_sequentially("good m")
    expect(alice.locator("#typing.is-on")).to_contain_text("Bob is typing…")
    bob.fill("#composer-body", "")
    expect(alice.locator("#typing.is-on")).to_have_count(0)
    # A mute of ten minutes holds, for ten minutes.
    until = datetime.now(UTC) + timedelta(minutes=10)
    aside(services.mute_member, cast.alice, channel=cast.team.pk, user=cast.bob, until=until, reason="A breath.")
    expect(bob.locator("#composer-note")).to_contain_text("A moderator has muted you in this channel until")
    alice.click("#members .dialog-close")
    alice.click("#members-button")
    expect(alice.locator(".member", has_text="bob").locator(".role")).to_have_text("Muted")
    bob.evaluate("() => { const now = performance.now.bind(performance); performance.now = () => now() + 601_000; }")
    expect(bob.locator("#composer-note")).to_be_hidden()
    aside(services.mute_member, cast.alice, channel=cast.team.pk, user=cast.bob, until=None, reason="Enough.")
    # What is said has the server's day and hour.
    write(bob, "what time is it?")
    expect(bob.locator(".row", has_text="what time").locator(".ticks")).to_have_attribute(
        "data-status", re.compile("sent|delivered|read")
    )
    assert bob.locator(".day:visible").all_inner_texts() == ["Today"]
    bob.close()
    expect(alice.locator(".member", has_text="last seen just now")).to_be_visible()


def test_the_banner_comes_five_seconds_after_the_connection_went(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", moves_time=True)
    write(page, "here")
    expect(page.locator(".row", has_text="here").locator(".ticks")).to_have_attribute("data-status", "sent")
    hold_time(page)
    page.context.set_offline(True)
    page.wait_for_function("() => !navigator.onLine", polling=50)
    page.clock.run_for(4_000)
    expect(page.locator("#banner")).to_be_hidden()
    page.clock.run_for(1_500)
    expect(page.locator("#banner")).to_be_visible()
    expect(page.locator("#banner")).to_contain_text("Connection lost.")


def test_one_escape_closes_what_has_a_search_field(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator("#composer-body")).to_be_editable()
    for opener, dialog in {
        ".pane-header [data-open=search]": "#search",
        "[data-open=browse] >> nth=0": "#browse",
    }.items():
        page.click(opener)
        page.keyboard.type("drawer")
        page.keyboard.press("Escape")
        expect(page.locator(dialog)).to_be_hidden()


PHONE: dict[str, Any] = {"width": 390, "has_touch": True, "is_mobile": True}


def test_on_a_phone_a_line_can_be_broken_and_the_button_sends(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", **PHONE)
    page.tap("#composer-body")
    page.keyboard.type("first line")
    page.keyboard.press("Enter")
    page.keyboard.type("second line")
    expect(page.locator("#composer-body")).to_have_value("first line\nsecond line")
    expect(page.locator("#composer-body")).to_have_attribute("enterkeyhint", "enter")
    page.tap(".send")
    expect(page.locator(".row:not(.is-system) .body")).to_have_text("first line\nsecond line")


def test_on_a_phone_words_can_be_selected_and_the_menu_opens_beside_them(
    sign_in: SignIn, server: Server, cast: Cast
) -> None:
    aside(said, cast.bob, cast.team, "the code is 4711")
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", moves_time=True, **PHONE)
    row = page.locator(".row", has_text="the code is 4711")
    assert row.locator(".body").evaluate("body => getComputedStyle(body).userSelect") == "text"
    press(page, row.locator(".body"))
    expect(page.locator("#message-menu")).to_be_hidden()
    press(page, row.locator(".avatar"))
    expect(page.locator("#message-menu")).to_be_visible()


def press(page: Page, place: Any) -> None:
    """A finger rests there for half a second and is lifted."""
    fields = {"pointerType": "touch", "bubbles": True, "clientX": 60, "clientY": 300}
    place.dispatch_event("pointerdown", fields)
    page.clock.run_for(600)
    place.dispatch_event("pointerup", fields)
    page.clock.run_for(100)


#: The least contrast of letters on what is behind them, opacities included, in the group of those who are offline.
LEAST_CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const paint = (colour, alpha) => { canvas.globalAlpha = alpha; canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); };
  const light = () => {
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (element) => {
    const parents = [];
    for (let each = element; each; each = each.parentElement) parents.unshift(each);
    paint("white", 1);
    let alpha = 1;
    for (const each of parents) paint(getComputedStyle(each).backgroundColor, (alpha *= Number(getComputedStyle(each).opacity)));
    const behind = light();
    paint(getComputedStyle(element).color, alpha);
    const [darker, lighter] = [behind, light()].sort((a, b) => a - b);
    return (lighter + 0.05) / (darker + 0.05);
  };
  const offline = document.querySelector('.member-groups > [data-status="offline"]');
  const letters = [...offline.querySelectorAll(".avatar, b, .line-names > span, h3")];
  return Math.min(...letters.filter((each) => each.textContent.trim()).map(contrast));
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_those_who_are_offline_can_be_read(sign_in: SignIn, server: Server, cast: Cast, theme: str) -> None:
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", color_scheme=theme, reduced_motion="reduce")
    page.click("#members-button")
    expect(page.locator('.member-groups > [data-status="offline"] .member')).to_have_count(1)
    assert page.evaluate(LEAST_CONTRAST) >= 4.5
