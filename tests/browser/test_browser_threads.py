"""Threads on the page: what only stands there, what is unread there, and that nothing of it is lost."""

import re
import uuid

from playwright.sync_api import Page, expect

from chat import services
from chat.models import Channel, Message, User
from chat.services import Draft
from tests.conftest import Cast, said
from tests.stage import axe
from tests.stage.browsers import MARKS, NOTICES, SignIn, aside
from tests.stage.servers import Server

pytestmark = MARKS


def begin(user: User, channel: Channel, body: str) -> int:
    aside(said, user, channel, body)
    return Message.objects.get(body=body).pk


def reply(page: Page, body: str) -> None:
    page.fill("#thread-composer textarea", body)
    page.press("#thread-composer textarea", "Enter")


def test_a_thread_from_its_first_reply_to_being_read_on_another_device(
    sign_in: SignIn, servers: list[Server], cast: Cast
) -> None:
    root = begin(cast.alice, cast.team, "Where do we eat?")
    path = f"/c/{cast.team.pk}/"
    alice, bob = sign_in("alice", servers[0], width=1440, path=path), sign_in("bob", servers[1], width=390, path=path)
    expect(alice.locator("#threads-button .badge")).to_be_hidden()
    bob_answers_on_the_phone(alice, bob)
    second = alice.context.new_page()
    second.goto(path)
    alice_reads_it_beside_the_channel(alice, second)
    alice_puts_it_off(alice, second)
    bob_types_and_is_read_aloud(alice, bob)
    alice_says_it_in_the_channel_too(alice, bob, cast)
    the_address_leads_back_to_it(alice, root)
    on_the_phone_it_was_a_step_of_its_own(bob)
    expect(bob).to_have_url(re.compile(f"{path}$"))


def bob_answers_on_the_phone(alice: Page, bob: Page) -> None:
    """Over the channel, which shows no more than the root and the line under it."""
    badge = alice.locator("#threads-button .badge")
    question = bob.locator("#rows .row", has_text="Where do we eat?")
    question.press("t")
    expect(bob.locator("#thread-rows .body")).to_have_text(["Where do we eat?"])
    reply(bob, "At the harbour")
    expect(bob.locator("#thread-rows .body")).to_have_text(["Where do we eat?", "At the harbour"])
    expect(bob.locator("#thread-rows .row", has_text="At the harbour").locator(".ticks")).to_have_attribute(
        "data-status", re.compile("sent|delivered")
    )
    expect(bob.locator("#thread .thread-follow")).to_have_text("Following")
    line = alice.locator("#rows .row", has_text="Where do we eat?").locator(".thread-line")
    expect(line).to_contain_text("1 reply")
    expect(line.locator(".avatar")).to_have_text("B")
    expect(alice.locator("#rows .body", has_text="At the harbour")).to_have_count(0)
    expect(badge).to_contain_text("1")
    expect(line).to_have_class("thread-line is-unread")
    assert not axe.violations(bob)


def alice_reads_it_beside_the_channel(alice: Page, second: Page) -> None:
    """Her second page hears of it."""
    badge = alice.locator("#threads-button .badge")
    line = alice.locator("#rows .row", has_text="Where do we eat?").locator(".thread-line")
    expect(second.locator("#threads-button .badge")).to_contain_text("1")
    expect(second.locator("#rows .thread-line:not([hidden])")).to_contain_text("1 reply")
    alice.click("#threads-button")
    alice.locator(".thread-entry", has_text="Where do we eat?").click()
    alice.bring_to_front()
    expect(alice.locator("#thread-rows .body")).to_have_text(["Where do we eat?", "At the harbour"])
    expect(alice.locator("#thread .thread-follow")).to_have_text("Following")
    expect(badge).to_be_hidden()
    expect(line).to_have_class("thread-line")
    expect(second.locator("#threads-button .badge")).to_be_hidden()
    assert not axe.violations(alice)


def alice_puts_it_off(alice: Page, second: Page) -> None:
    """Unread again on both pages, until it is opened again."""
    alice.locator("#thread-rows .row", has_text="At the harbour").press("u")
    expect(alice.locator("#thread-rows .row", has_text="At the harbour").locator(".unread-line")).to_be_visible()
    expect(second.locator("#threads-button .badge")).to_contain_text("1")
    expect(alice.locator("#threads-button .badge")).to_contain_text("1")
    alice.click("#threads-button")
    alice.locator(".thread-entry", has_text="Where do we eat?").click()
    expect(second.locator("#threads-button .badge")).to_be_hidden()


def bob_types_and_is_read_aloud(alice: Page, bob: Page) -> None:
    """Who types there is seen there and not in the channel."""
    bob.locator("#thread-composer textarea").press_sequentially("On")
    expect(alice.locator("#thread-typing")).to_have_text("Bob is typing…")
    expect(alice.locator("#typing")).to_have_class("typing")
    reply(bob, "On the quay")
    expect(alice.locator("#announcer")).to_have_text("Bob: On the quay")
    expect(alice.locator("#thread-typing")).to_have_class("typing")
    assert bob.locator("#announcer").evaluate("(place) => !place.closest('[inert]')")


def alice_says_it_in_the_channel_too(alice: Page, bob: Page, cast: Cast) -> None:
    """And changes it: in both places."""
    line = alice.locator("#rows .row", has_text="Where do we eat?").locator(".thread-line")
    alice.check("#thread-composer [name=also]")
    reply(alice, "See you at noon")
    expect(alice.locator("#rows .body", has_text="See you at noon")).to_be_visible()
    expect(alice.locator("#thread-composer [name=also]")).not_to_be_checked()
    expect(line).to_contain_text("3 replies")
    both = Message.objects.get(body="See you at noon")
    aside(services.edit_message, cast.alice, channel=cast.team.pk, message=both.pk, body="See you at one")
    for place in ("#rows", "#thread-rows"):
        expect(alice.locator(f"{place} .body", has_text="See you at one")).to_be_visible()
    expect(bob.locator("#thread-rows .body")).to_have_text(
        ["Where do we eat?", "At the harbour", "On the quay", "See you at one"]
    )


def the_address_leads_back_to_it(alice: Page, root: int) -> None:
    """Escape gives the focus back to the root."""
    assert f"thread={root}" in alice.url
    alice.reload()
    expect(alice.locator("#thread-rows .body")).to_have_count(4)
    alice.press("#thread-composer textarea", "Escape")
    expect(alice.locator("#thread")).to_be_hidden()
    expect(alice.locator("#rows .row", has_text="Where do we eat?")).to_be_focused()
    assert "thread=" not in alice.url


def on_the_phone_it_was_a_step_of_its_own(bob: Page) -> None:
    """Back closes it, and forward opens it again."""
    bob.go_back()
    expect(bob.locator("#thread")).to_be_hidden()
    expect(bob.locator("#rows .row", has_text="Where do we eat?")).to_be_focused()
    bob.go_forward()
    expect(bob.locator("#thread-rows .body")).to_have_count(4)
    bob.click(".thread-close")
    expect(bob.locator("#thread")).to_be_hidden()


def test_what_is_written_offline_goes_into_its_thread_once(sign_in: SignIn, server: Server, cast: Cast) -> None:
    root = begin(cast.bob, cast.team, "Who comes?")
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/?thread={root}")
    expect(page.locator("#thread-rows .body")).to_have_text(["Who comes?"])
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    reply(page, "I do")
    reply(page, "and Bob")
    expect(page.locator("#thread-rows .is-draft")).to_have_count(2)
    expect(page.locator("#rows .is-draft")).to_have_count(0)
    page.fill("#thread-composer textarea", "half a thou")
    page.context.set_offline(False)
    page.reload()
    expect(page.locator("#thread-rows .body")).to_have_text(["Who comes?", "I do", "and Bob"])
    expect(page.locator("#thread-rows .is-draft")).to_have_count(0)
    expect(page.locator("#thread-composer textarea")).to_have_value("half a thou")
    expect(page.locator("#composer-body")).to_have_value("")
    assert list(Message.objects.filter(thread=root).order_by("seq").values_list("body", flat=True)) == [
        "I do",
        "and Bob",
    ]


def test_a_channel_that_ends_in_a_long_thread_is_no_empty_screen(sign_in: SignIn, server: Server, cast: Cast) -> None:
    root = begin(cast.bob, cast.team, "The last that the channel shows")
    place = {"channel": cast.team.pk, "sender": cast.bob.pk, "thread": root}
    drafts = [Draft(**place, client_msg_id=uuid.uuid4(), body=f"reply {n}") for n in range(60)]
    aside(services.post_messages, drafts)
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    expect(
        page.locator("#rows .row", has_text="The last that the channel shows").locator(".thread-line")
    ).to_contain_text("60 replies")
    page.locator("#rows .thread-line:not([hidden])").click()
    expect(page.locator("#thread-rows .body").last).to_have_text("reply 59")
    page.locator("#thread .timeline").hover()
    page.mouse.wheel(0, -3_000)
    expect(page.locator("#thread-rows .body", has_text=re.compile("^reply 20$"))).to_have_count(1)


def test_the_address_of_a_reply_opens_its_thread_there_from_wherever_it_comes(
    sign_in: SignIn, server: Server, cast: Cast
) -> None:
    root = begin(cast.bob, cast.team, "What was said below?")
    place = {"channel": cast.team.pk, "sender": cast.bob.pk, "thread": root}
    bodies = [*(f"reply {n}" for n in range(30)), "the needle for @alice", *(f"reply {n}" for n in range(30, 60))]
    aside(services.post_messages, [Draft(**place, client_msg_id=uuid.uuid4(), body=body) for body in bodies])
    needle = Message.objects.get(body__contains="needle")
    aside(services.pin_message, cast.bob, channel=cast.team.pk, message=needle.pk)
    aside(services.save_message, cast.alice, message=needle.pk)

    page = sign_in("alice", server, width=390, path=f"/c/{cast.team.pk}/m/{needle.seq}", script=NOTICES)

    def expect_the_needle(body: str = "the needle for @alice") -> None:
        row = page.locator("#thread-rows .row:focus")
        expect(row.locator(".body")).to_have_text(body)
        expect(row).to_be_in_viewport()
        page.go_back()
        expect(page.locator("#thread")).to_be_hidden()
        expect(page).to_have_url(re.compile(f"/c/{cast.team.pk}/$"))

    expect_the_needle()
    for name in ("pins", "saved", "mentions"):
        page.evaluate("(name) => document.querySelector(`[data-open=${name}]`).click()", name)
        page.click(f"#{name} .found-line")
        expect_the_needle()
    page.keyboard.press("/")
    page.fill("#search input[type=search]", "needle")
    page.click("#search .found-line")
    expect_the_needle()
    aside(services.post_messages, [Draft(**place, client_msg_id=uuid.uuid4(), body="and another one")])
    page.wait_for_function("() => window.notice?.body === 'and another one'")
    page.evaluate("() => window.notice.onclick()")
    expect_the_needle("and another one")
