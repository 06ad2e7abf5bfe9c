"""Whom one does not want to meet, on the page: removed from a channel, left in a group, blocked."""

import re

from playwright.sync_api import Page, expect

from chat import services
from chat.models import AuditEntry
from tests.conftest import Cast, said
from tests.stage.browsers import MARKS, SignIn, aside, ask, write
from tests.stage.servers import Server

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
    expect(alice.locator("#removed .bans-note")).to_have_text("Nobody is removed at the moment.")
    bob.locator("#browse .line", has_text="square").get_by_role("button").click()
    expect(bob.locator("#composer-body")).to_be_editable()


def test_the_staff_in_a_channel_says_why_on_the_page_too(sign_in: SignIn, server: Server, cast: Cast) -> None:
    aside(services.add_member, cast.alice, channel=cast.team.pk, user=cast.sam)
    sam = sign_in("sam", server, path=f"/c/{cast.team.pk}/")
    expect(sam.locator("#composer-body")).to_be_editable()
    sam.click("#channel-menu-button")
    sam.click("#channel-menu [data-act=rename]")
    sam.fill("#about-name", "crew")
    sam.click("#about button.primary")
    expect(sam.locator("#about .form-errors")).to_contain_text("give a reason")
    sam.fill("#about-reason", "A clearer name.")
    sam.click("#about button.primary")
    expect(sam.locator("#channel-title")).to_have_text("crew")
    sam.click("#members-button")
    line = sam.locator(".member", has_text="bob")
    ask(sam, line.locator("button"), "#member-menu [data-act=make-moderator]", "He knows the rules.")
    expect(sam.locator(".row.is-system").last).to_contain_text("made Bob a moderator")
    lines: list[tuple[str, str]] = []
    aside(lambda: lines.extend(AuditEntry.objects.filter(actor=cast.sam).values_list("act", "reason")))
    assert ("channel.renamed", "A clearer name.") in lines
    assert ("member.role", "He knows the rules.") in lines


def test_a_group_is_left_on_the_page_and_opened_again(sign_in: SignIn, servers: list[Server], cast: Cast) -> None:
    group, _ = services.open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])
    path = f"/c/{group.pk}/"
    alice, bob = sign_in("alice", servers[0], path=path), sign_in("bob", servers[1], path=path)
    expect(bob.locator("#composer-body")).to_be_editable()
    expect(alice.locator("#channel-title")).to_have_text("Bob, Charlie")
    bob.click("#channel-menu-button")
    bob.click("#channel-menu [data-act=leave]")
    expect(bob.locator("#confirm-text")).to_contain_text("The others go on without you.")
    bob.click("#confirm [value=yes]")
    expect(bob.locator("#closed-note")).to_contain_text("You have left")
    expect(alice.locator("#channel-title")).to_have_text("Charlie (group)")
    expect(alice.locator("#composer-body")).to_be_editable()
    alice.click("#members-button")
    expect(alice.locator(".member")).to_have_count(2)
    aside(services.open_direct_channel, cast.bob, others=[cast.alice, cast.charlie])
    expect(alice.locator("#channel-title")).to_have_text("Charlie, Bob")
    expect(bob.locator("#composer-body")).to_be_editable()


def test_who_is_blocked_is_folded_and_silent_on_all_pages_and_may_be_unblocked(
    sign_in: SignIn, servers: list[Server], cast: Cast
) -> None:
    two, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    square = services.open_channel(cast.bob, name="square", members=[cast.alice])
    for channel in (cast.team, square):
        aside(said, cast.bob, channel, "rude words")
    path, private = f"/c/{cast.team.pk}/", f"/c/{two.pk}/"
    other, alice = sign_in("alice", servers[1], path=private), sign_in("alice", servers[0], path=path)
    bob = sign_in("bob", servers[1], path=private)
    expect(other.locator(f"a[href='/c/{square.pk}/'] .badge-number")).to_have_text("1")
    alice.click("#members-button")
    alice.locator(".member", has_text="bob").locator("button").click()
    alice.click("#member-menu [data-act=block]")
    alice.click("#ask [name=yes]")

    row = alice.locator(".row.is-folded")
    expect(row.locator(".text")).to_contain_text("Message of somebody you blocked · Show")
    expect(row.locator(".text")).not_to_contain_text("rude words")
    expect(other.locator("#closed-note")).to_contain_text("You have blocked Bob")
    expect(other.locator(f"a[href='/c/{square.pk}/'] .badge")).to_be_hidden()
    expect(other.locator("#composer")).to_be_hidden()
    row.get_by_role("button", name="Show").click()
    expect(alice.locator(".body", has_text="rude words")).to_be_visible()

    aside(said, cast.bob, cast.team, "more rude words")
    expect(row).to_have_count(1)
    expect(other.locator(f"a[href='{path}'] .badge")).to_be_hidden()
    expect(other).to_have_title(re.compile(r"^Bob"))
    write(bob, "hello?")
    expect(bob.locator(".row.is-failed")).to_contain_text("One of you has blocked the other")

    unblock_in_the_list(alice)
    expect(row).to_have_count(0)
    expect(other.locator("#composer-body")).to_be_editable()
    bob.locator(".is-failed .retry").click()
    expect(other.locator(".body", has_text="hello?")).to_be_visible()


def unblock_in_the_list(page: Page) -> None:
    page.click(".me")
    page.locator("#settings [data-open=blocked]").click()
    expect(page.locator("#blocked .line")).to_contain_text("Bob")
    page.get_by_role("button", name="Unblock Bob").click()
    expect(page.locator("#blocked .dialog-note")).to_have_text("You have blocked nobody.")
    page.locator("#blocked [data-close]").click()
