"""The list of channels: favourites, headings of one's own, unread ones first, and what a phone shows of each."""

import re

from django.db.models import F
from playwright.sync_api import Page, expect

from chat import services
from chat.models import Member
from tests.conftest import Cast, said
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, SignIn, aside
from tests.stage.servers import Server
from tests.stage.support import wait_until

pytestmark = MARKS


def sections(page: Page) -> list[tuple[str, list[str]]]:
    """As they are shown: each heading with the names under it."""
    shown = [section for section in page.locator(".channel-section").all() if section.is_visible()]
    return [
        (section.locator("h2").inner_text(), section.locator(".channel-name").all_inner_texts()) for section in shown
    ]


def test_a_list_is_arranged_by_the_person(sign_in: SignIn, servers: list[Server], cast: Cast) -> None:
    rooms = {
        name: services.open_channel(cast.alice, name=name, members=[cast.bob])
        for name in ("room 10", "room 2", "quiet")
    }
    services.arrange_channel(cast.bob, channel=rooms["quiet"].pk, notify_level="none")
    path = f"/c/{cast.team.pk}/"
    page, other = sign_in("bob", servers[0], path=path), sign_in("bob", servers[1], path=path)
    expect(page.locator(".channel-link.is-muted .channel-muted")).to_be_visible()
    assert sections(page)[0] == ("Channels", ["quiet", "room 2", "room 10", "team"])

    act(page, "Add to favourites")
    act(page, "Move to a section…")
    page.fill("#section-name", "Work")
    page.press("#section-name", "Enter")
    expect(page.locator("#section")).to_be_hidden()
    page.click(f"a[href='/c/{rooms['room 10'].pk}/']")
    expect(page.locator("#channel-title")).to_have_text("room 10")
    act(page, "Move to a section…")
    page.fill("#section-name", "Work")
    page.press("#section-name", "Enter")
    arranged = [("Favourites", ["team"]), ("Work", ["room 10"]), ("Channels", ["quiet", "room 2"])]
    expect(page.locator(".channel-section h2")).to_have_text(["Favourites", "Work", "Channels", "Direct messages"])
    assert sections(page)[:3] == arranged
    # On another device too, without a reload; and served so.
    expect(other.locator(".channel-section h2")).to_have_text(["Favourites", "Work", "Channels", "Direct messages"])
    assert sections(other)[:3] == arranged

    aside(said, cast.alice, rooms["room 2"], "anybody?")
    aside(said, cast.alice, rooms["quiet"], "not for the ear")
    page.click(".me")
    page.check("#unread-first")
    page.keyboard.press("Escape")
    expect(page.locator(".channel-section h2").first).to_have_text("Unread")
    assert sections(page)[0] == ("Unread", ["room 2"])
    page.focus("#composer-body")
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#channel-title")).to_have_text("room 2")
    # What is being read stays where it was found, until one goes elsewhere.
    expect(page.locator(f"[data-channel='{rooms['room 2'].pk}'] .badge")).to_be_hidden()
    assert sections(page)[0] == ("Unread", ["room 2"])
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#channel-title")).to_have_text("room 2")
    page.click(f"a[href='{path}']")
    expect(page.locator(".channel-section h2").first).to_have_text("Favourites")
    # How far one has read is in the rows within a second, and the page is made of them.
    room = rooms["room 2"]
    wait_until(lambda: Member.objects.filter(user=cast.bob, channel=room, read_seq=F("channel__head")).exists())
    page.reload()
    expect(page.locator("#unread-first")).to_be_checked()
    assert sections(page)[:3] == arranged
    assert violations(page) == []
    # Where one jumps to is in sight in a list that is longer than the window.
    page.set_viewport_size({"width": 1280, "height": 300})
    link = page.locator(f"[data-channel='{rooms['quiet'].pk}']")
    expect(link).not_to_be_in_viewport()
    page.keyboard.press("Control+k")
    page.fill("#switcher input", "QUIÉT")
    page.keyboard.press("Enter")
    expect(link).to_have_attribute("aria-current", "page")
    expect(link).to_be_in_viewport()
    assert Member.objects.get(user=cast.bob, channel=rooms["room 10"]).section == "Work"


TOUCHED = """
globalThis.touched = new Set();
const rowOf = (node) => (node.nodeType === 1 ? node : node.parentElement)?.closest(".channel-link")?.dataset.channel ?? "";
new MutationObserver((records) => {
  for (const { target } of records) touched.add(rowOf(target));
}).observe(document.querySelector(".sidebar-scroll"), { subtree: true, childList: true, attributes: true, characterData: true });
"""


def touched(page: Page) -> set[str]:
    """The channels whose rows were changed since the last time; of a list in which rows moved the empty name."""
    return set(page.evaluate("() => { const seen = [...touched]; touched.clear(); return seen; }"))


def test_what_comes_elsewhere_touches_no_row_but_its_own(sign_in: SignIn, server: Server, cast: Cast) -> None:
    rooms = [services.open_channel(cast.alice, name=f"room {n}", members=[cast.bob]) for n in range(30)]
    pair, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    row = page.locator(f"[data-channel='{pair.pk}']")
    expect(row.locator(".dot")).to_have_attribute("data-status", "offline")
    page.focus(f"[data-channel='{rooms[7].pk}']")
    scrolled = page.evaluate("document.querySelector('.sidebar-scroll').scrollTop = 150")
    page.evaluate(TOUCHED)
    aside(said, cast.alice, rooms[3], "one")
    expect(page.locator(f"[data-channel='{rooms[3].pk}'] .badge")).to_be_visible()
    assert touched(page) == {str(rooms[3].pk)}
    sign_in("alice", server)
    expect(row.locator(".dot")).to_have_attribute("data-status", "online")
    assert touched(page) == {str(pair.pk)}

    # One row moves; those that it passes stay what they are.
    page.evaluate("document.querySelector('#unread-first').click()")
    expect(page.locator(".channel-section h2").first).to_have_text("Unread")
    touched(page)
    aside(said, cast.alice, rooms[20], "two")
    expect(page.locator(".channel-section").first.locator(".channel-name")).to_have_text(["room 3", "room 20"])
    assert touched(page) == {str(rooms[20].pk), ""}
    expect(page.locator(f"[data-channel='{rooms[7].pk}']")).to_be_focused()
    assert page.evaluate("document.querySelector('.sidebar-scroll').scrollTop") >= scrolled


def test_a_phones_list_shows_the_last_line_and_is_searched(sign_in: SignIn, server: Server, cast: Cast) -> None:
    pair, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    aside(said, cast.alice, cast.team, "the first *plan*")
    aside(said, cast.alice, pair, "only for you")
    page = sign_in("bob", server, width=390, has_touch=True, is_mobile=True)
    team, alice = (page.locator(f"[data-channel='{channel.pk}']") for channel in (cast.team, pair))
    expect(team.locator(".channel-last")).to_have_text(re.compile("^Alice: the first"))
    expect(alice.locator(".channel-last")).to_have_text("only for you")
    expect(team.locator(".channel-time")).to_have_text(re.compile(r"\d:\d\d"))
    aside(said, cast.bob, cast.team, "and mine")
    expect(team.locator(".channel-last")).to_have_text("You: and mine")
    assert violations(page) == []
    page.fill("#filter", "ali")
    expect(team).to_be_hidden()
    expect(alice).to_be_visible()
    page.fill("#filter", "nowhere")
    expect(page.locator("#filter-empty")).to_be_visible()
    page.fill("#filter", "")
    expect(team).to_be_visible()


def test_a_group_gets_a_name_that_all_see(sign_in: SignIn, server: Server, cast: Cast) -> None:
    group, _ = services.open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])
    path = f"/c/{group.pk}/"
    bob, charlie = sign_in("bob", server, path=path), sign_in("charlie", server, path=path)
    expect(charlie.locator("#channel-title")).to_have_text("Alice, Bob")
    act(bob, "Name and topic…")
    expect(bob.locator("#about-name")).to_have_value("")
    bob.fill("#about-name", "Lunch")
    bob.press("#about-name", "Enter")
    for page in (bob, charlie):
        expect(page.locator("#channel-title")).to_have_text("Lunch")
        expect(page.locator(f"[data-channel='{group.pk}'] .channel-name")).to_have_text("Lunch")
    act(charlie, "Name and topic…")
    charlie.fill("#about-name", "")
    charlie.press("#about-name", "Enter")
    expect(bob.locator("#channel-title")).to_have_text("Alice, Charlie")
    expect(charlie.locator("#channel-title")).to_have_text("Alice, Bob")


def act(page: Page, words: str) -> None:
    page.click("#channel-menu-button")
    page.locator("#channel-menu").get_by_text(words).click()
