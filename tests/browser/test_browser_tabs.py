"""Pages that stay open, and several of one person: a new name is seen everywhere, a draft is one, signed out is signed out."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from chat import services
from chat.models import Member, Message
from tests.conftest import Cast, said
from tests.stage.browsers import MARKS, SignIn, aside, write
from tests.stage.servers import Server
from tests.stage.support import wait_until

pytestmark = MARKS


def test_a_persons_new_name_reaches_an_open_page_everywhere(sign_in: SignIn, servers: list[Server], cast: Cast) -> None:
    pair, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    aside(said, cast.bob, cast.team, "good morning")
    path = f"/c/{cast.team.pk}/"
    alice, bob = sign_in("alice", servers[0], path=path), sign_in("bob", servers[1], path=path)
    row = alice.locator(".row", has_text="good morning")
    expect(row.locator(".sender")).to_have_text("Bob")
    alice.click("#members-button")
    row.hover()
    row.locator("[data-act=reply]").click()
    expect(alice.locator("[data-status=online] .member", has_text="Bob")).to_be_visible()
    bob.locator("#composer-body").press_sequentially("good m")
    expect(alice.locator("#typing.is-on")).to_contain_text("Bob is typing…")

    rename(bob, "Robert Quick")
    expect(alice.locator("#typing.is-on")).to_contain_text("Robert Quick is typing…")
    expect(row.locator(".sender")).to_have_text("Robert Quick")
    expect(row.locator(".avatar")).to_have_text("RQ")
    expect(alice.locator(".member", has_text="Robert Quick")).to_be_visible()
    expect(alice.locator("#composer-context")).to_contain_text("Replying to Robert Quick")
    link = alice.locator(f"a[href='/c/{pair.pk}/']")
    expect(link.locator(".channel-name")).to_have_text("Robert Quick")
    expect(bob.locator(".me-names b")).to_have_text("Robert Quick")
    # A change of an older message brings no older name back.
    aside(services.edit_message, cast.bob, channel=cast.team.pk, message=Message.objects.get(kind="text").pk, body="hi")
    expect(alice.locator(".row:not(.is-system) .body")).to_have_text("hi")
    expect(alice.locator(".row:not(.is-system) .sender")).to_have_text("Robert Quick")

    link.click()
    expect(alice.locator("#channel-title")).to_have_text("Robert Quick")
    rename(bob, "Bob again")
    expect(alice.locator("#channel-title")).to_have_text("Bob again")
    expect(alice).to_have_title(re.compile("^Bob again · "))
    expect(alice.locator("#composer-body")).to_have_attribute("placeholder", "Message Bob again")
    expect(alice.locator("#timeline-start h2")).to_have_text("Bob again")


RENAME = """async (name) => {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content };
  return (await fetch("/api/v1/users/me/", { method: "PATCH", headers, body: JSON.stringify({ display_name: name }) })).status;
}"""


def rename(page: Page, name: str) -> None:
    assert page.evaluate(RENAME, name) == 200


def test_two_tabs_write_one_draft(sign_in: SignIn, server: Server, cast: Cast) -> None:
    first = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    second = tab_of(first)
    first.locator("#composer-body").press_sequentially("half a thou")
    expect(second.locator("#composer-body")).to_have_value("half a thou")
    second.locator("#composer-body").press("End")
    second.locator("#composer-body").press_sequentially("ght")
    expect(first.locator("#composer-body")).to_have_value("half a thought")
    first.press("#composer-body", "Enter")
    expect(second.locator("#composer-body")).to_have_value("")
    expect(second.locator(".body", has_text="half a thought")).to_be_visible()
    second.reload()
    expect(second.locator("#composer-body")).to_have_value("")


def test_a_page_of_before_the_newest_sign_in_goes_on_or_says_that_it_is_over(
    sign_in: SignIn, server: Server, cast: Cast
) -> None:
    path = f"/c/{cast.team.pk}/"
    first = sign_in("alice", server, path=path)
    of_bob = sign_in("bob", server, path=path).context.cookies()
    favourite = Member.objects.filter(channel=cast.team, is_favourite=True)

    def arrange(words: str) -> None:
        first.click("#channel-menu-button")
        first.locator("#channel-menu").get_by_text(words).click()

    first.context.clear_cookies(name=f"gapless_csrf_{server.port}")
    tab_of(first)
    arrange("Add to favourites")
    wait_until(lambda: favourite.filter(user=cast.alice).exists())
    expect(first.locator(".channel-section h2").first).to_have_text("Favourites")

    # Somebody else: nothing is done for them that was meant here.
    first.context.add_cookies(of_bob)
    arrange("Remove from favourites")
    expect(first.locator("#toast")).to_contain_text("You are signed out.")
    assert favourite.get().user == cast.alice


def test_an_edit_in_one_tab_is_not_touched_by_the_draft_of_another(sign_in: SignIn, server: Server, cast: Cast) -> None:
    first = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    write(first, "to be edited")
    expect(first.locator(".is-draft")).to_have_count(0)
    second = tab_of(first)
    second.press("#composer-body", "ArrowUp")
    expect(second.locator("#composer-body")).to_have_value("to be edited")
    first.locator("#composer-body").press_sequentially("meanwhile")
    second.locator("#composer-body").press_sequentially(", now")
    expect(second.locator("#composer-body")).to_have_value("to be edited, now")
    second.press("#composer-body", "Escape")
    expect(second.locator("#composer-body")).to_have_value("meanwhile")


#: Each tab believes that it is the same one (a duplicated tab does), and every message is refused.
REFUSING_TWINS = """
sessionStorage.setItem("gapless.tab", "twin");
globalThis.WebSocket = class extends WebSocket {
  send(text) {
    const { op, ref } = JSON.parse(text);
    if (op !== "message.post") return super.send(text);
    const refusal = { op: "error", ref, code: "muted", detail: "Not now." };
    queueMicrotask(() => this.onmessage({ data: JSON.stringify(refusal) }));
  }
};
"""


def test_a_failed_message_that_is_deleted_in_one_tab_is_gone_in_all(
    sign_in: SignIn, server: Server, cast: Cast
) -> None:
    first = sign_in("alice", server, path=f"/c/{cast.team.pk}/", script=REFUSING_TWINS)
    for text in ("never mind", "this stays"):
        write(first, text)
    expect(first.locator(".is-failed")).to_have_count(2)
    second = tab_of(first, REFUSING_TWINS)
    expect(second.locator(".is-failed")).to_have_count(2)
    first.locator(".is-failed", has_text="never mind").locator(".discard").click()
    expect(second.locator(".is-failed .body")).to_have_text("this stays")
    # Nor does what the other does next bring it back.
    second.locator(".is-failed .retry").click()
    expect(second.locator(".is-failed .body")).to_have_text("this stays")
    for page in (first, second):
        page.reload()
        expect(page.locator(".is-failed .body")).to_have_text("this stays")


def test_signing_out_in_one_tab_ends_the_others_reading(sign_in: SignIn, servers: list[Server], cast: Cast) -> None:
    aside(said, cast.bob, cast.team, "for the team's eyes")
    first = sign_in("alice", servers[0], path=f"/c/{cast.team.pk}/")
    second = tab_of(first)
    expect(second.locator(".body", has_text="for the team's eyes")).to_be_visible()
    second.locator("#composer-body").press_sequentially("half written")
    second.click("[data-open=search]")
    first.click(".me")
    first.click("text=Sign out")
    expect(second.locator("#signed-out")).to_be_visible()
    expect(second.locator("#signed-out")).to_contain_text("You have been signed out.")
    assert second.locator(".row, .channel-link, .member").count() == 0
    expect(second.locator("#composer-body")).to_be_hidden()
    assert "team" not in second.title()
    expect(second.locator("dialog[open]:not(#signed-out)")).to_have_count(0)
    second.get_by_role("button", name="Sign in").click()
    expect(second).to_have_url(re.compile("/sign-in/"))


def test_who_signs_in_again_in_one_tab_is_signed_in_in_the_others(sign_in: SignIn, server: Server, cast: Cast) -> None:
    first = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    cookies = first.context.cookies()
    second = tab_of(first)
    first.evaluate("document.getElementById('sign-out').requestSubmit()")
    expect(second.locator("#signed-out")).to_be_visible()
    fresh = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    name = next(cookie["name"] for cookie in cookies if "session" in cookie["name"])
    first.context.add_cookies([cookie for cookie in fresh.context.cookies() if cookie["name"] == name])
    first.goto(f"{server.url}/c/{cast.team.pk}/")
    expect(second.locator("#signed-out")).to_be_hidden()
    expect(second.locator("#timeline.is-ready")).to_be_visible()


def test_signing_out_is_seen_though_the_socket_hears_nothing(
    sign_in: SignIn, own_server: Callable[..., Server], server: Server, cast: Cast
) -> None:
    first = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    deaf = "globalThis.WebSocket = class { static OPEN = 1; close() {} };"
    second = tab_of(first, deaf)
    first.click(".me")
    first.click("text=Sign out")
    expect(second.locator("#signed-out")).to_be_visible()


def tab_of(page: Page, script: str = "") -> Page:
    """Another tab of the same browser, at the same place."""
    tab = page.context.new_page()
    tab.add_init_script(script)
    tab.goto(page.url)
    expect(tab.locator("#timeline.is-ready")).to_be_visible()
    return tab
