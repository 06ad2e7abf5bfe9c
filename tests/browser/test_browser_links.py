"""Links to messages: copied, followed, opened by their address, and shown as what they cite."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chat import services
from chat.models import Channel, Message
from tests.conftest import Cast, said
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, SignIn, aside, beside
from tests.stage.servers import Server

pytestmark = MARKS

#: The clipboard is the outside world.
CLIPBOARD = 'Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => { window.copied = text; } } });'


WIDE: dict[str, Any] = {"width": 1440, "color_scheme": "dark", "reduced_motion": "reduce"}
PHONE: dict[str, Any] = {"width": 390, "color_scheme": "light", "reduced_motion": "reduce"}


@pytest.mark.parametrize(
    ("giver", "reader"), [(WIDE, PHONE), pytest.param(PHONE, WIDE, marks=pytest.mark.by_hand)], ids=["phone", "wide"]
)
def test_a_message_is_cited_to_those_who_may_see_it(
    sign_in: SignIn, server: Server, cast: Cast, giver: dict[str, Any], reader: dict[str, Any]
) -> None:
    other = beside(services.open_channel, cast.alice, name="plans", kind="private", members=[cast.charlie])
    aside(said, cast.alice, other, "the **launch** is on Monday")
    source = Message.objects.get(body__contains="launch")
    for number in range(40):
        aside(said, cast.alice, other, f"number {number}")
    alice = sign_in("alice", server, path=f"/c/{other.pk}/m/{source.seq}", script=CLIPBOARD, **giver)
    expect(alice.locator(".row:focus .body")).to_have_text("the launch is on Monday")
    expect(alice.locator(".row:focus")).to_be_in_viewport()
    alice.keyboard.press("Enter")
    alice.click("[data-act=link]")
    link = alice.evaluate("() => window.copied")
    assert link == f"{server.url}/c/{other.pk}/m/{source.seq}"
    aside(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    aside(said, cast.alice, cast.team, f"see {link}")
    root = Message.objects.get(body__startswith="see").pk
    aside(said, cast.alice, cast.team, f"and {server.url}/c/{other.pk}/m/{source.seq + 1}", thread=root)
    # Not in the channel: a link, and no word of what it leads to.
    bob = sign_in("bob", server, path=f"/c/{cast.team.pk}/", **giver)
    bob.click(f'.body a[href="{link}"]')
    expect(bob.locator("#toast")).to_have_text("The message is in a channel that you are not in, or it is gone.")
    bob_joins_where_a_link_leads(bob, server, cast)
    charlie = sign_in("charlie", server, path=f"/c/{cast.team.pk}/", **reader)
    card = charlie.locator(".cite")
    expect(card).to_contain_text("the launch is on Monday")
    expect(card).to_contain_text("plans")
    expect(bob.locator(".cite")).to_have_count(0)
    charlie.click("#rows .thread-line:visible")
    expect(charlie.locator("#thread-rows .row", has_text="and").locator(".cite")).to_contain_text("number 0")
    charlie.keyboard.press("Escape")
    assert violations(charlie) == []
    it_follows_what_is_cited_and_ends_with_the_membership(charlie, cast, other, source)


def bob_joins_where_a_link_leads(bob: Page, server: Server, cast: Cast) -> None:
    plaza = beside(services.open_channel, cast.alice, name="plaza")
    aside(said, cast.alice, plaza, "everybody is welcome")
    welcome = Message.objects.get(body="everybody is welcome")
    aside(said, cast.alice, cast.team, f"come to {server.url}/c/{plaza.pk}/m/{welcome.seq}")
    bob.click(f'.body a[href$="/{plaza.pk}/m/{welcome.seq}"]')
    expect(bob.locator("#confirm-title")).to_have_text("Join plaza?")
    bob.click("#confirm [value=yes]")
    expect(bob.locator(".row:focus .body")).to_have_text("everybody is welcome")


def it_follows_what_is_cited_and_ends_with_the_membership(
    charlie: Page, cast: Cast, other: Channel, source: Message
) -> None:
    card = charlie.locator(".cite")
    aside(services.edit_message, cast.alice, channel=other.pk, message=source.pk, body="the launch is on Tuesday")
    expect(card.locator(".cite-text")).to_have_text("the launch is on Tuesday")
    card.click()
    expect(charlie.locator(".row:focus .body")).to_have_text("the launch is on Tuesday")
    expect(charlie).to_have_url(re.compile(f"/c/{other.pk}/$"))
    charlie.go_back()
    aside(services.delete_message, cast.alice, channel=other.pk, message=source.pk)
    expect(card.locator(".cite-text")).to_have_text("Message deleted")
    aside(services.remove_member, cast.alice, channel=other.pk, user=cast.charlie)
    expect(card).to_have_count(0)
