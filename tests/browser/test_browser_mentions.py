"""Being called: names while one writes, in rows, beside the unread number, in the list, and in what the system shows."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chat import services
from chat.models import Message
from tests.conftest import Cast, said
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, NOTICES, SignIn, aside, beside
from tests.stage.servers import Server

pytestmark = MARKS


WIDE: dict[str, Any] = {"width": 1440, "color_scheme": "light", "reduced_motion": "reduce"}
PHONE: dict[str, Any] = {"width": 390, "color_scheme": "dark", "reduced_motion": "reduce"}


@pytest.mark.parametrize(
    ("caller", "called"), [(WIDE, PHONE), pytest.param(PHONE, WIDE, marks=pytest.mark.by_hand)], ids=["phone", "wide"]
)
def test_who_is_called_sees_it_everywhere_until_it_is_read(
    sign_in: SignIn, server: Server, cast: Cast, caller: dict[str, Any], called: dict[str, Any]
) -> None:
    other = beside(services.open_channel, cast.alice, name="other", members=[cast.bob, cast.charlie])
    alice = sign_in("alice", server, path=f"/c/{other.pk}/", **caller)
    bob = sign_in("bob", server, path=f"/c/{cast.team.pk}/", script=NOTICES, **called)
    expect(bob.locator("#composer-body")).to_be_editable()
    by_completion(alice)
    badge = bob.locator(f"[data-channel='{other.pk}'] .mention-number")
    expect(badge).to_have_text("1")
    expect(bob).to_have_title(re.compile(r"^\(@1, 1\) "))
    assert bob.evaluate("() => window.shown") == [["Alice in other", "@bob have a look"]]
    # What an edit brings in is heard of as well.
    aside(said, cast.charlie, other, "hello all")
    row = Message.objects.get(body="hello all")
    aside(services.edit_message, cast.charlie, channel=other.pk, message=row.pk, body="hello @here, and @stranger")
    expect(badge).to_have_text("2")
    assert bob.evaluate("() => window.shown.at(-1)") == ["Charlie in other", "hello @here, and @stranger"]
    listed(bob, called["width"])
    expect(bob.locator(".row.calls-me .call.is-mine")).to_have_text(["@bob", "@here"])
    expect(bob.locator(".row:focus .body")).to_have_text("@bob have a look")
    expect(bob.locator(".is-pointed")).to_have_count(0)
    assert violations(bob) == []
    expect(badge).to_be_hidden()
    expect(bob).to_have_title(re.compile("^other"))
    expect(alice.locator(".row .call").first).to_have_text("@bob")
    expect(alice.locator(".row", has_text="@stranger").locator(".call")).to_have_text(["@here"])
    writes_from_a_card_and_to_several(alice)


def writes_from_a_card_and_to_several(page: Page) -> None:
    """The mention opens the card of who is meant."""
    page.locator(".row .call").first.click()
    expect(page.locator("#card")).to_contain_text("@bob")
    assert violations(page) == []
    page.click("#card button")
    expect(page.locator("#channel-title")).to_have_text("Bob")
    page.evaluate("() => document.querySelector('[data-open=several]').click()")
    for name in ("Bob", "Charlie"):
        page.locator("#people label", has_text=name).click()
    expect(page.locator("#people-chosen")).to_contain_text("Bob and Charlie")
    assert violations(page) == []
    page.click("#people-chosen button")
    expect(page.locator("#channel-title")).to_have_text("Bob, Charlie")


def by_completion(page: Page) -> None:
    """By keys and by a name that is not the username; a mail address completes nothing."""
    box, choices = page.locator("#composer-body"), page.locator("#completion [role=option]")
    box.press_sequentially("mail@b")
    expect(choices).to_have_count(0)
    box.fill("")
    box.press_sequentially("@")
    expect(choices).to_have_text([re.compile("Bob"), re.compile("Charlie"), re.compile("here"), re.compile("channel")])
    expect(box).to_have_attribute("aria-activedescendant", "completion-0")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(choices).to_have_count(0)
    expect(page.locator("#completion")).to_be_hidden()
    box.press_sequentially("ch")
    expect(choices).to_have_text([re.compile("Charlie"), re.compile("channel")])
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    expect(box).to_have_value("@bob ")
    expect(box).to_be_focused()
    box.press_sequentially("have a look")
    page.keyboard.press("Enter")
    expect(page.locator(".row", has_text="have a look")).to_be_visible()


def listed(page: Page, width: int) -> None:
    """From the list to the message."""
    if width < 700:
        page.click(".pane-header .back")
    page.click("[data-open=mentions]")
    lines = page.locator("#mentions .found-line")
    expect(lines).to_have_count(2)
    expect(page.locator("#mentions .is-unread")).to_have_count(2)
    assert violations(page) == []
    lines.last.click()
