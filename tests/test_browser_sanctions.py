"""Whom one does not want to meet, on the page: removed from a channel, left in a group, blocked."""

from playwright.sync_api import expect

from chat import services
from tests.browsers import MARKS, SignIn, chromium, sign_in
from tests.conftest import Cast
from tests.servers import Server
from tests.test_browser_company import ask

__all__ = ["chromium", "sign_in"]

pytestmark = MARKS


def test_who_was_removed_is_told_why_the_door_is_shut_and_is_let_back_in(
    sign_in: SignIn, servers: list[Server], cast: Cast
) -> None:
    square = services.open_channel(cast.alice, name="square", members=[cast.bob])
    path = f"/c/{square.pk}/"
    alice, bob = sign_in("alice", servers[0], path=path), sign_in("bob", servers[1], path=path)
    expect(bob.locator("#composer-body")).to_be_editable()
    alice.click("#members-button")
    line = alice.locator(".member", has_text="bob")
    ask(alice, line.locator("button"), "#member-menu [data-act=remove]", "Noise.")
    expect(bob.locator("#closed-note")).to_contain_text("You are no longer a member of square")
    bob.locator("[data-open=browse]").first.click()
    bob.locator("#browse .line", has_text="square").get_by_role("button").click()
    expect(bob.locator("#browse .dialog-note")).to_contain_text("You were removed from this channel")
    alice.locator("#removed summary").click()
    expect(alice.locator("#removed li")).to_contain_text("Noise.")
    ask(alice, alice.get_by_role("button", name="Let Bob come back"), None, "Peace.")
    expect(alice.locator("#removed .bans-note")).to_have_text("Nobody is kept out.")
    bob.locator("#browse .line", has_text="square").get_by_role("button").click()
    expect(bob.locator("#composer-body")).to_be_editable()
