"""People on the page together: who comes, idles, types and goes; who writes too fast, is muted, or is reported."""

import contextlib
import re
import time
from collections.abc import Callable

import redis
from django.conf import settings
from playwright.sync_api import Page, expect

from chat import services
from chat.models import Channel, Message, User
from tests.conftest import Cast, said
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, NOTICES, SignIn, aside, ask, beside, bodies, write
from tests.stage.servers import Server

pytestmark = MARKS

#: Presence is told twice a second, and leaving waits for who comes right back; the machine may be busy.
SOON = 15_000


def member(page: Page, username: str) -> Callable[[str], None]:
    """Expects a member in the group of that presence in the panel."""
    line = page.locator(".member", has_text=f"@{username}").or_(page.locator(".member", has_text=username.capitalize()))

    def is_seen(status: str) -> None:
        expect(page.locator(f".member-groups > [data-status={status}]").locator(line)).to_be_visible()
        expect(line.locator(".dot")).to_have_attribute("data-status", status)

    return is_seen


def test_one_sees_the_other_come_idle_type_and_go(sign_in: SignIn, servers: list[Server], cast: Cast) -> None:
    path = f"/c/{cast.team.pk}/"
    alice = sign_in("alice", servers[0], path=path)
    alice.click("#members-button")
    is_seen = member(alice, "bob")
    is_seen("offline")
    bob = sign_in("bob", servers[1], path=path, moves_time=True)
    is_seen("online")
    bob.clock.fast_forward("05:20")
    is_seen("away")
    bob.mouse.move(10, 10)
    is_seen("online")

    typing = alice.locator("#typing.is-on")
    before = alice.locator("#composer").bounding_box()
    bob.locator("#composer-body").press_sequentially("good m")
    expect(typing).to_contain_text("Bob is typing…")
    assert alice.locator("#composer").bounding_box() == before
    bob.fill("#composer-body", "")
    expect(typing).to_have_count(0)
    write(bob, "good morning")
    expect(alice.locator(".body", has_text="good morning")).to_be_visible()
    expect(typing).to_have_count(0)

    bob.click(".me")
    bob.fill("#own-activity", "At the dentist's")
    bob.locator(".own-status label", has_text="Busy").click()
    is_seen("busy")
    expect(alice.locator(".member", has_text="At the dentist's")).to_be_visible()
    bob.locator(".own-status label", has_text="Invisible").click()
    is_seen("offline")
    bob.locator(".own-status label", has_text="Online").click()
    is_seen("online")
    bob.close()
    is_seen("offline")
    expect(alice.locator(".member", has_text="last seen just now")).to_be_visible()


def test_a_user_who_writes_too_fast_is_told_how_long_and_nothing_is_lost(
    sign_in: SignIn, own_server: Callable[..., Server], cast: Cast
) -> None:
    page = sign_in(
        "alice", own_server(GAPLESS_LIMIT_MESSAGES_PER_MINUTE="2"), path=f"/c/{cast.team.pk}/", moves_time=True
    )
    said_ = [f"number {n}" for n in range(5)]
    for text in said_:
        write(page, text)
    expect(page.locator("#composer-note")).to_contain_text(re.compile(r"You can send again in \d+ s\."))
    expect(page.locator(".is-draft")).to_have_count(3)
    # Two at a time go out as their minute comes, in the order in which they were written.
    for left in (1, 0):
        redis.from_url(settings.REDIS_URL).delete(f"gapless:said:{cast.alice.pk}")
        minutes_pass(page, until_left=left)
    expect(page.locator("#composer-note")).to_be_hidden()
    assert bodies(page) == said_


def minutes_pass(page: Page, *, until_left: int) -> None:
    """One is enough, unless Redis is slow just now: then the process counts by itself, in true time, and the page asks again."""
    deadline = time.monotonic() + SOON / 1000
    while time.monotonic() < deadline:
        page.clock.fast_forward("01:01")
        with contextlib.suppress(AssertionError):
            return expect(page.locator(".is-draft")).to_have_count(until_left, timeout=SOON / 5)
    return expect(page.locator(".is-draft")).to_have_count(until_left)


def test_a_muted_user_is_told_until_when_and_keeps_what_was_written(
    sign_in: SignIn, server: Server, cast: Cast
) -> None:
    path = f"/c/{cast.team.pk}/"
    alice, bob = sign_in("alice", server, path=path), sign_in("bob", server, path=path)
    expect(bob.locator("#composer-body")).to_be_editable()
    alice.click("#members-button")
    line = alice.locator(".member", has_text="bob")
    ask(alice, line.locator("button"), "#member-menu [data-act=mute]", "Take a breath.")
    expect(bob.locator("#composer-note")).to_contain_text("A moderator has muted you in this channel until")
    write(bob, "but I have to say")
    expect(bob.locator("#composer-body")).to_have_value("but I have to say")
    expect(line.locator(".role")).to_have_text("Muted")
    ask(alice, line.locator("button"), "#member-menu [data-act=unmute]", "That was long enough.")
    expect(bob.locator("#composer-note")).to_be_hidden()
    bob.press("#composer-body", "Enter")
    expect(alice.locator(".body", has_text="but I have to say")).to_be_visible()


def test_a_report_comes_to_the_desk_and_the_message_goes(sign_in: SignIn, server: Server, cast: Cast) -> None:
    aside(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
    aside(said, cast.bob, cast.team, "cheap watches, buy now")
    path = f"/c/{cast.team.pk}/"
    charlie = sign_in("charlie", server, path=path)
    row = charlie.locator(".row", has_text="cheap watches")
    row.hover()
    ask(charlie, row.locator("[data-act=more]"), "#message-menu [data-act=report]", "Nobody here wants watches.")
    expect(charlie.locator("#toast")).to_contain_text("Reported.")

    alice = sign_in("alice", server, path=path)
    expect(alice.locator(".desk-link .badge-number")).to_have_text("1")
    alice.click(".desk-link")
    report = alice.locator("#desk .report")
    expect(report).to_contain_text("Nobody here wants watches.")
    expect(report.locator(".is-it")).to_contain_text("cheap watches")
    ask(alice, report.get_by_role("button", name="Delete the message…"), None, "Advertising.")
    expect(alice.locator("#desk .dialog-note")).to_contain_text("Nothing is waiting.")
    expect(charlie.locator(".row.is-deleted .body")).to_have_text("Message deleted")


def test_a_ban_from_the_desk_ends_the_open_page_and_can_be_lifted(
    sign_in: SignIn, servers: list[Server], cast: Cast
) -> None:
    message = said_aside(cast.bob, cast.team, "cheap watches, buy now")
    aside(services.report_message, cast.alice, message=message, channel=cast.team.pk, reason="Again.")
    path = f"/c/{cast.team.pk}/"
    bob, sam = sign_in("bob", servers[1], path=path), sign_in("sam", servers[0])
    expect(bob.locator("#composer-body")).to_be_editable()
    sam.locator(".desk-link").first.click()
    ask(sam, sam.get_by_role("button", name="Ban the author…"), None, "Advertising, again.")
    expect(bob.locator("#banner")).to_contain_text("Your account has been suspended")
    write(bob, "but why?")
    bob.reload()
    expect(bob).to_have_url(re.compile("/sign-in/"))
    sam.locator("#bans summary").click()
    expect(sam.locator("#bans li")).to_contain_text("Advertising, again.")
    ask(sam, sam.get_by_role("button", name="Lift the ban of Bob"), None, "A mistake.")
    expect(sam.locator("#bans .bans-note")).to_have_text("Nobody is banned.")
    bob = sign_in("bob", servers[1], path=path)
    expect(bob.locator(".body", has_text="cheap watches")).to_be_visible()


def test_the_last_owner_hands_over_and_is_gone(sign_in: SignIn, server: Server, cast: Cast) -> None:
    path = f"/c/{cast.team.pk}/"
    alice, bob = sign_in("alice", server, path=path), sign_in("bob", server, path=path)
    expect(bob.locator("#composer-body")).to_be_editable()
    alice.click("#channel-menu-button")
    alice.click("#channel-menu [data-act=leave]")
    alice.click("#confirm [value=yes]")
    expect(alice.locator("#confirm")).to_contain_text("Hand it over first?")
    alice.click("#confirm [value=yes]")
    alice.locator("#people .line", has_text="Bob").click()
    expect(alice.locator("#closed-note")).to_contain_text("You have left team.")
    expect(alice.locator(f"a[href='{path}']")).to_have_count(0)
    bob.click("#channel-menu-button")
    expect(bob.locator("#channel-menu [data-act=archive]")).to_be_visible()


def test_a_page_without_a_place_in_a_channel_says_so_and_misses_nothing(
    sign_in: SignIn, own_server: Callable[..., Server], cast: Cast
) -> None:
    server, path = own_server(GAPLESS_LIMIT_SPARE_SOCKETS="1"), f"/c/{cast.team.pk}/"
    first, second = (sign_in("bob", server, path=path) for _ in range(2))
    for name, page in {"first": first, "second": second}.items():
        write(page, name)
        # Taken by its socket, which has its place then.
        ticks = page.locator(".row", has_text=name).locator(".ticks")
        expect(ticks).to_have_attribute("data-status", re.compile("sent|delivered|read"))
    third = sign_in("bob", server, path=path)
    note = third.locator("#refused-note")
    expect(note).to_contain_text("open on too many devices")
    expect(first.locator("#refused-note")).to_be_hidden()
    aside(said, cast.alice, cast.team, "who hears me?")
    expect(second.locator(".body", has_text="who hears me?")).to_be_visible()
    expect(third.locator(".body", has_text="who hears me?")).to_have_count(0)
    note.get_by_role("button").click()
    expect(third.locator(".body", has_text="who hears me?")).to_be_visible()
    aside(said, cast.alice, cast.team, "and now?")
    first.close()
    expect(note).to_be_hidden()
    expect(third.locator(".body", has_text="and now?")).to_be_visible()
    aside(said, cast.alice, cast.team, "and from now on?")
    for page in (second, third):
        expect(page.locator(".body", has_text="and from now on?")).to_be_visible()
    assert bodies(third) == bodies(second)


def said_aside(user: User, channel: Channel, body: str) -> int:
    aside(said, user, channel, body)
    return channel.messages.get(body=body).pk


def test_a_slash_finds_what_was_said_and_leads_to_it(sign_in: SignIn, server: Server, cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="other", members=[cast.bob])
    aside(said, cast.alice, other, "the keys are in the drawer")
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator("#composer-body")).to_be_focused()
    page.keyboard.press("F6")
    page.keyboard.press("/")
    page.keyboard.type("drawer")
    found = page.locator(".found-line", has_text="the keys are in the drawer")
    expect(found.locator("mark")).to_have_text("drawer")
    page.keyboard.type(" in:other")
    expect(page.locator("#search .dialog-note")).to_have_text("Press Enter to search.")
    expect(page.locator(".found-line")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(found).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/c/{other.pk}/$"))
    expect(page.locator(".row:focus .body")).to_have_text("the keys are in the drawer")


def test_what_nobody_looks_at_notifies_as_far_as_the_channel_says(sign_in: SignIn, server: Server, cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="other", members=[cast.bob])
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/", script=NOTICES)
    expect(page.locator("#composer-body")).to_be_focused()
    link = page.locator(f"a[href='/c/{other.pk}/']")
    for level, texts in {"all": ["good morning"], "mentions": ["to all", "and @bob, too"], "none": ["@bob?"]}.items():
        link.click()
        expect(link.locator(".badge")).to_be_hidden()
        page.click("#channel-menu-button")
        page.click(f"[data-act=notify-{level}]")
        page.click("#channel-menu-button")
        expect(page.locator(f"[data-act=notify-{level}]")).to_have_attribute("aria-checked", "true")
        page.keyboard.press("Escape")
        page.click(f"a[href='/c/{cast.team.pk}/']")
        for text in texts:
            aside(said, cast.alice, other, text)
        expect(link.locator(".badge-number")).to_have_text(str(len(texts)))
        if level == "all":
            # What was deleted is said no more, nor is what was read, here or on another device.
            gone = beside(Message.objects.get, body="good morning").pk
            aside(services.delete_message, cast.alice, channel=other.pk, message=gone)
            page.wait_for_function('() => window.ended.join() === "good morning"')
    page.wait_for_function('() => window.ended.join() === "good morning,and @bob, too"')
    shown = page.evaluate("() => window.shown")
    assert shown == [["Alice in other", "good morning"], ["Alice in other", "and @bob, too"]]


def test_axe_finds_nothing_in_either_theme(sign_in: SignIn, server: Server, cast: Cast) -> None:
    aside(said, cast.alice, cast.team, "is anybody there? https://example.com/")
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", reduced_motion="reduce")
    expect(page.locator(".ticks[data-status]").last).to_be_visible()
    page.click("#members-button")
    expect(page.locator(".member")).to_have_count(2)
    found = {"channel and members": violations(page)}
    for name, opener in {"settings": ".me", "search": ".pane-header [data-open=search]"}.items():
        page.click(opener)
        found[name] = violations(page)
        page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/")
    found["list on a phone"] = violations(page)
    page.context.clear_cookies()
    page.goto("/sign-in/")
    found["sign-in"] = violations(page)
    assert {where: ids for where, ids in found.items() if ids} == {}
