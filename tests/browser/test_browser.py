"""The page in a real browser: two people, one dropped connection, one resume, nothing missing. Needs a Chromium on the machine."""

import re
import time
from collections.abc import Callable
from itertools import pairwise

from playwright.sync_api import Browser, Route, expect

from chat import services
from chat.models import Member, Message
from tests.conftest import PASSWORD, Cast, said
from tests.stage.browsers import MARKS, SignIn, aside, bodies, hold_time, pump, write
from tests.stage.servers import EXPECT_SECONDS, Server

pytestmark = MARKS


def test_two_people_one_dropped_connection_one_resume_nothing_missing(
    sign_in: SignIn, servers: list[Server], cast: Cast
) -> None:
    path = f"/c/{cast.team.pk}/"
    alice, bob = sign_in("alice", servers[0], path=path), sign_in("bob", servers[1], path=path)
    write(alice, "hello bob")
    expect(bob.locator(".body", has_text="hello bob")).to_be_visible()
    write(bob, "hello alice")
    expect(alice.locator(".body", has_text="hello alice")).to_be_visible()

    bob.context.set_offline(True)
    for n in range(30):
        aside(said, cast.alice, cast.team, f"while bob was away {n}")
    write(bob, "written while away")
    expect(bob.locator(".is-draft .body")).to_have_text("written while away")
    write(alice, "are you there?")
    expect(bob.locator("#banner")).to_be_visible()

    bob.context.set_offline(False)
    expect(bob.locator(".body", has_text="are you there?")).to_be_visible()
    expect(alice.locator(".body", has_text="written while away")).to_be_visible()
    expect(bob.locator(".is-draft")).to_have_count(0)
    expect(bob.locator("#banner")).to_be_hidden()
    log = list(Message.objects.filter(kind="text").order_by("seq").values_list("body", flat=True))
    assert len(log) == 34
    assert bodies(bob) == log
    assert bodies(alice) == log


def test_a_message_says_how_far_it_has_come(sign_in: SignIn, servers: list[Server], cast: Cast) -> None:
    path = f"/c/{cast.team.pk}/"
    alice = sign_in("alice", servers[0], path=path)
    write(alice, "is anybody there?")
    ticks = alice.locator(".row", has_text="is anybody there?").locator(".ticks")
    expect(ticks).to_have_attribute("data-status", "sent")
    sign_in("bob", servers[1], path=path).locator("#composer-body").click()
    expect(ticks).to_have_attribute("data-status", "read")


def test_what_was_written_offline_survives_a_reload(
    sign_in: SignIn, own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server()
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator("#composer-body")).to_be_editable()
    server.kill()
    write(page, "first")
    write(page, "second")
    expect(page.locator(".is-draft")).to_have_count(2)
    server.start()
    page.reload()
    expect(page.locator(".is-draft")).to_have_count(0)
    rows = Message.objects.filter(kind="text").order_by("seq").values_list("body", flat=True)
    assert list(rows) == ["first", "second"]


def test_unread_counts_follow(sign_in: SignIn, server: Server, cast: Cast) -> None:
    other = services.open_channel(cast.alice, name="other", members=[cast.bob])
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    link = page.locator(f"a[href='/c/{other.pk}/']")
    for n in range(3):
        aside(said, cast.alice, other, f"{n}")
    expect(link.locator(".badge-number")).to_have_text("3")
    link.click()
    expect(page.locator(".body", has_text="2")).to_be_visible()
    expect(link.locator(".badge")).to_be_hidden()
    # All there is stands there: nothing leads to anything newer.
    expect(page.locator("#jump-latest")).to_be_hidden()
    expect_cursor(cast, other.pk, 5)


def expect_cursor(cast: Cast, channel: int, seq: int) -> None:
    deadline = time.monotonic() + EXPECT_SECONDS
    while Member.objects.get(channel=channel, user=cast.bob).read_seq != seq:
        assert time.monotonic() < deadline, "the cursor did not move"
        time.sleep(0.05)


def test_older_messages_come_while_scrolling(sign_in: SignIn, server: Server, cast: Cast) -> None:
    for n in range(120):
        aside(said, cast.alice, cast.team, f"message number {n}")
    aside(services.move_cursors, {(cast.team.pk, cast.bob.pk): (200, 200)})
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator(".body", has_text="message number 119")).to_be_visible()

    def reaches_the_first() -> int:
        page.locator("#timeline").evaluate("element => element.scrollBy(0, -400)")
        return page.locator(".body", has_text=re.compile(r"^message number 0$")).count()

    pump(page, until=reaches_the_first)
    assert bodies(page) == [f"message number {n}" for n in range(120)]


#: The first answer to a sync says `resync`; then history is refused with seconds in the body, in a header, and not answered at all.
STRAINED = """
Math.random = () => 0.5;
const [Socket, answer] = [WebSocket, fetch];
globalThis.asked = [];
globalThis.WebSocket = class extends Socket {
  set onmessage(take) {
    super.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.op === "ok") for (const state of Object.values(frame.channels ?? {})) state.resync = true;
      take({ data: JSON.stringify(frame) });
    };
  }
};
const refusals = [
  () => Response.json({ code: "unavailable", detail: "Not now.", retry_after: 7 }, { status: 503 }),
  () => new Response("", { status: 429, headers: { "Retry-After": "9" } }),
  () => Promise.reject(new TypeError("network")),
];
globalThis.fetch = async (path, options) => {
  if (!path.includes("/messages/")) return answer(path, options);
  document.documentElement.dataset.asked = asked.push(Date.now());
  return (refusals[asked.length - 1] ?? (() => answer(path, options)))();
};
"""


def test_history_that_is_refused_after_a_resync_is_asked_for_again_later(
    sign_in: SignIn, server: Server, cast: Cast
) -> None:
    for n in range(3):
        aside(said, cast.alice, cast.team, f"{n}")
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/", moves_time=True, script=STRAINED)
    note = page.locator("#timeline-note")
    expect(note).to_contain_text("This is tried again by itself.")
    for asked in (2, 3, 4):
        page.clock.run_for(10_000)
        expect(page.locator("html")).to_have_attribute("data-asked", re.compile(f"[{asked}-9]"))
    expect(page.locator(".body", has_text="2")).to_be_visible()
    expect(note).to_be_hidden()
    assert bodies(page) == ["0", "1", "2"]
    asked_at = page.evaluate("asked.slice(0, 4)")
    waits = [later - earlier for earlier, later in pairwise(asked_at)]
    # What was named and half a second (jitter), twice; then, the third time and with nothing named, half of four seconds.
    assert all(wait >= least for wait, least in zip(waits, (7_500, 9_500, 2_000), strict=True)), waits


def test_a_channel_that_takes_its_time_says_so(sign_in: SignIn, server: Server, cast: Cast) -> None:
    room = services.open_channel(cast.alice, name="room", members=[cast.bob])
    aside(said, cast.alice, room, "here")
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/", moves_time=True, script="Math.random = () => 0.5;")
    held: list[Route] = []
    page.route("**/messages/**", lambda route: held.append(route))
    wait, note = page.locator("#timeline-wait"), page.locator("#timeline-note")
    expect(page.locator("#composer-body")).to_be_editable()
    hold_time(page)
    page.click(f"[data-channel='{room.pk}']")
    expect(page.locator("#channel-title")).to_have_text("room")
    page.clock.run_for(900)
    expect(wait).to_have_text("")
    page.clock.run_for(200)
    expect(wait).to_have_text("Loading the messages…")
    # Of a connection that is up and brings nothing the request is given up after 20 s, and repeated half a second later.
    page.clock.run_for(19_000)
    expect(note).to_contain_text("This is tried again by itself.")
    expect(wait).to_have_text("")
    page.unroute("**/messages/**")
    page.clock.run_for(500)
    expect(page.locator(".body", has_text="here")).to_be_visible()
    expect(note).to_be_hidden()


def test_a_new_name_and_topic_are_seen_at_once(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator("#composer-body")).to_be_editable()
    write(page, "before")
    aside(services.revise_channel, cast.alice, channel=cast.team.pk, name="crew", topic="All hands")
    expect(page.locator("#channel-title")).to_have_text("crew")
    expect(page.locator("#channel-topic")).to_have_text("All hands")
    expect(page.locator(f"a[href='/c/{cast.team.pk}/']")).to_contain_text("crew")
    aside(services.archive_channel, cast.alice, channel=cast.team.pk)
    expect(page.locator("#closed-note")).to_be_visible()


def test_somebody_who_is_removed_is_told(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator("#composer-body")).to_be_editable()
    aside(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
    expect(page.locator("#closed-note")).to_be_visible()
    expect(page.locator(f"a[href='/c/{cast.team.pk}/']")).to_have_count(0)


def test_at_phone_width_one_column_is_shown_at_a_time(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("alice", server, width=390)
    expect(page.locator("#composer-body")).to_be_hidden()
    page.locator(f"a[href='/c/{cast.team.pk}/']").click()
    expect(page.locator("#composer-body")).to_be_visible()
    expect(page.locator(f"a[href='/c/{cast.team.pk}/']")).to_be_hidden()
    write(page, "from a phone")
    expect(page.locator(".row", has_text="from a phone").locator(".ticks")).to_have_attribute("data-status", "sent")
    page.locator(".back").click()
    expect(page.locator(f"a[href='/c/{cast.team.pk}/']")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_markup_is_shown_not_run(sign_in: SignIn, server: Server, cast: Cast) -> None:
    aside(said, cast.alice, cast.team, "<img src=x onerror=alert(1)> https://example.com/?a=1&b=2 javascript:alert(1)")
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    body = page.locator(".row:not(.is-system) .body").last
    expect(body).to_contain_text("<img src=x onerror=alert(1)>")
    assert body.locator("a").evaluate_all("links => links.map(link => link.href)") == ["https://example.com/?a=1&b=2"]


def test_without_javascript_one_can_still_write(chromium: Browser, server: Server, cast: Cast) -> None:
    cast.alice.set_password(PASSWORD)
    cast.alice.save()
    context = chromium.new_context(java_script_enabled=False, base_url=server.url)
    page = context.new_page()
    page.goto(f"/sign-in/?next=/c/{cast.team.pk}/")
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.fill("#composer-body", "plain old form")
    page.locator("form", has=page.locator("#composer-body")).get_by_role("button").last.click()
    assert "plain old form" in bodies(page)
    context.close()


def test_another_password_signs_out_everywhere_but_in_this_browser(
    sign_in: SignIn, servers: list[Server], cast: Cast
) -> None:
    path = f"/c/{cast.team.pk}/"
    cast.alice.set_password(PASSWORD)
    cast.alice.save()
    here = sign_in("alice", servers[0], path=path)
    tab = here.context.new_page()
    tab.goto(path)
    elsewhere = here.context.browser.new_context(base_url=servers[1].url).new_page()  # type: ignore[union-attr]
    elsewhere.goto(f"/sign-in/?next={path}")
    elsewhere.fill("[name=username]", "alice")
    elsewhere.fill("[name=password]", PASSWORD)
    elsewhere.press("[name=password]", "Enter")
    for page in (tab, elsewhere):
        expect(page.locator("#composer-body")).to_be_visible()
    here.click(".me")
    here.click("text=Change password")
    here.fill("[name=current]", "not the present one")
    here.fill("[name=password]", "another " + PASSWORD)
    here.click("button.primary")
    expect(here.locator(".field-errors")).to_have_text("This is not your present password.")
    here.fill("[name=current]", PASSWORD)
    here.fill("[name=password]", "another " + PASSWORD)
    came_back: list[object] = []
    tab.on("websocket", lambda socket: came_back.append(socket))
    here.click("button.primary")
    expect(here.locator("h1")).to_have_text("Password changed")
    here.click("text=Back to the channels")
    expect(here.locator(".me")).to_be_visible()
    expect(elsewhere.locator("#banner")).to_contain_text("You have been signed out.")
    aside(said, cast.bob, cast.team, "said afterwards")
    expect(tab.locator(".body", has_text="said afterwards")).to_be_visible()
    # The session has another key by now: the tab's socket is closed, if it was not at once, and comes back with the new cookie.
    aside(services.recheck_logins, cast.alice.pk)
    pump(tab, until=lambda: came_back)
    aside(said, cast.bob, cast.team, "said in between")
    expect(tab.locator(".body", has_text="said in between")).to_be_visible()
    expect(elsewhere.locator(".body", has_text="said")).to_have_count(0)
    elsewhere.context.close()
