"""The order in the document is everybody's, whatever became of a message on its way: refused, repeated, answered twice or never."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from chat import services
from chat.models import Message
from tests.conftest import Cast, said
from tests.stage.browsers import MARKS, SignIn, aside, bodies, write
from tests.stage.servers import Server

pytestmark = MARKS


#: While `refusing` no message goes out: each is refused for good. While `deaf` nothing that is a message comes in.
STRAINED = """
globalThis.refusing = false;
globalThis.deaf = false;
globalThis.WebSocket = class extends WebSocket {
  send(text) {
    const { op, ref } = JSON.parse(text);
    if (!globalThis.refusing || op !== "message.post") return super.send(text);
    const refusal = { op: "error", ref, code: "muted", detail: "Not now." };
    queueMicrotask(() => this.onmessage({ data: JSON.stringify(refusal) }));
  }
  get onmessage() {
    return super.onmessage;
  }
  set onmessage(take) {
    super.onmessage = take && ((event) => {
      const { op, message } = JSON.parse(event.data);
      if (!globalThis.deaf || (op !== "changes" && !message)) take(event);
    });
  }
};
"""


def test_after_retry_all_the_writer_sees_everybodys_order(sign_in: SignIn, server: Server, cast: Cast) -> None:
    alice, bob = both(sign_in, server, cast)
    refuse(alice, ["n0", "n1", "n2", "n3"])
    aside(said, cast.bob, cast.team, "in between")
    expect(alice.locator(".body", has_text="in between")).to_be_visible()
    assert bodies(alice) == ["n0", "n1", "n2", "n3", "in between"]
    alice.click("#unsent button")
    expect(alice.locator(".is-draft")).to_have_count(0)
    assert log() == ["in between", "n0", "n1", "n2", "n3"]
    assert_all_see_the_log(alice, bob)


def test_a_single_retry_takes_the_place_of_its_number(sign_in: SignIn, server: Server, cast: Cast) -> None:
    alice, bob = both(sign_in, server, cast)
    write(alice, "before")
    settle(alice)
    refuse(alice, ["n0", "n1", "n2"])
    write(alice, "after")
    settle(alice, drafts=3)
    for text in ("n1", "n0"):
        alice.locator(".row.is-failed", has_text=text).locator(".retry").click()
        expect(alice.locator(".row.is-draft", has_text=text)).to_have_count(0)
    # What is still refused stands where it was said.
    assert bodies(alice) == ["before", "n2", "after", "n1", "n0"]
    alice.locator(".row.is-failed", has_text="n2").locator(".retry").click()
    settle(alice)
    assert log() == ["before", "after", "n1", "n0", "n2"]
    assert_all_see_the_log(alice, bob)


def test_a_server_killed_between_retry_and_answer_changes_no_order(
    sign_in: SignIn, own_server: Callable[..., Server], server: Server, cast: Cast
) -> None:
    own = own_server()
    path = f"/c/{cast.team.pk}/"
    alice, bob = sign_in("alice", own, path=path, script=STRAINED), sign_in("bob", server, path=path)
    write(alice, "before")
    settle(alice)
    refuse(alice, ["n0", "n1", "n2", "n3"])
    own.kill()
    alice.click("#unsent button")
    write(alice, "n4")
    for n in range(3):
        aside(said, cast.bob, cast.team, f"while it was away {n}")
    own.start()
    settle(alice)
    assert log() == ["before", *(f"while it was away {n}" for n in range(3)), "n0", "n1", "n2", "n3", "n4"]
    assert_all_see_the_log(alice, bob)


def test_a_message_whose_answer_was_lost_stands_there_once(sign_in: SignIn, server: Server, cast: Cast) -> None:
    alice, bob = both(sign_in, server, cast)
    alice.evaluate("deaf = true")
    write(alice, "did it arrive?")
    expect(bob.locator(".body", has_text="did it arrive?")).to_be_visible()
    # The page is opened anew while its message waits for an answer, and hears nothing of it for now.
    alice.add_init_script("globalThis.deaf = true")
    alice.reload()
    expect(alice.locator("#timeline.is-ready")).to_be_visible()
    assert bodies(alice) == ["did it arrive?"]


def test_edits_and_deletions_move_no_row(sign_in: SignIn, server: Server, cast: Cast) -> None:
    alice, bob = both(sign_in, server, cast)
    for n in range(4):
        aside(said, cast.bob, cast.team, f"{n}")
    refuse(alice, ["mine"])
    rows = {row.body: row.pk for row in Message.objects.filter(kind="text")}
    aside(services.edit_message, cast.bob, channel=cast.team.pk, message=rows["1"], body="one")
    aside(services.delete_message, cast.bob, channel=cast.team.pk, message=rows["2"])
    expect(alice.locator(".row.is-deleted")).to_have_count(1)
    assert bodies(alice) == ["0", "one", "Message deleted", "3", "mine"]
    expect(bob.locator(".row.is-deleted")).to_have_count(1)
    assert bodies(bob) == ["0", "one", "Message deleted", "3"]


def both(sign_in: SignIn, server: Server, cast: Cast) -> tuple[Page, Page]:
    path = f"/c/{cast.team.pk}/"
    alice, bob = sign_in("alice", server, path=path, script=STRAINED), sign_in("bob", server, path=path)
    for page in (alice, bob):
        expect(page.locator("#composer-body")).to_be_editable()
    return alice, bob


def refuse(page: Page, texts: list[str]) -> None:
    """Each of these is refused, and stands there with its reason."""
    page.evaluate("refusing = true")
    for text in texts:
        write(page, text)
        expect(page.locator(".row.is-failed .body", has_text=re.compile(f"^{text}$"))).to_be_visible()
    page.evaluate("refusing = false")


def settle(page: Page, *, drafts: int = 0) -> None:
    expect(page.locator(".is-draft")).to_have_count(drafts)


def log() -> list[str]:
    return list(Message.objects.filter(kind="text").order_by("seq").values_list("body", flat=True))


def assert_all_see_the_log(*pages: Page) -> None:
    for page in pages:
        expect(page.locator(".row:not(.is-system)")).to_have_count(len(log()))
        assert bodies(page) == log()
        page.reload()
        expect(page.locator("#timeline.is-ready")).to_be_visible()
        assert bodies(page) == log()
