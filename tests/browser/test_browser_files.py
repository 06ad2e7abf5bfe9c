"""Files in the page: attached, sent over a line that breaks, shown without a jump, looked at large, at both widths and themes."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.conftest import Cast, said
from tests.stage import pictures
from tests.stage.axe import turn, violations
from tests.stage.browsers import MARKS, SignIn, beside
from tests.stage.files import kept
from tests.stage.servers import Server

pytestmark = MARKS

PHOTO: Any = {"name": "regatta.jpg", "mimeType": "image/jpeg", "buffer": pictures.photo()}
PLAN: Any = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": pictures.PDF + b"0" * 400_000}
WRONG: Any = {"name": "picture.png", "mimeType": "image/png", "buffer": pictures.HTML}

#: What the server draws of a message's files, and what the script does, but for what Tab reaches.
SAME = """async () => {
  const served = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  return [...document.querySelectorAll("#rows > .row")].map((row) => {
    const drawn = row.querySelector(".files").cloneNode(true);
    for (const stop of drawn.querySelectorAll("[tabindex]")) stop.tabIndex = -1;
    const other = served.querySelector(`#rows > [data-seq="${row.dataset.seq}"] .files`);
    return drawn.isEqualNode(other) ? "" : `${drawn.outerHTML} is not ${other.outerHTML}`;
  }).filter(Boolean);
}"""

#: Until the browser's database has so many files.
KEPT = """async (wanted) => {
  const database = await new Promise((resolve) => {
    const asked = indexedDB.open("gapless.files", 2);
    asked.onsuccess = () => resolve(asked.result);
  });
  const count = () => new Promise((resolve) => {
    const asked = database.transaction("files").objectStore("files").count();
    asked.onsuccess = () => resolve(asked.result);
  });
  for (const since = performance.now(); (await count()) !== wanted; await new Promise(requestAnimationFrame))
    if (performance.now() - since > 15_000) throw new Error(`${await count()} files are kept`);
}"""

#: What a tab that was closed two days ago has left there.
LEFT = """() => new Promise((resolve) => {
  const asked = indexedDB.open("gapless.files", 2);
  asked.onsuccess = () => {
    const files = asked.result.transaction("files", "readwrite").objectStore("files");
    files.put({ blob: new Blob(["left"]), at: Date.now() - 2 * 86_400_000 }, "of-a-closed-tab").onsuccess = resolve;
  };
}).then(() => null)"""


def attach(page: Page, *files: Any) -> None:
    page.locator("#attach-input").set_input_files(list(files))


def send(page: Page, text: str = "") -> None:
    page.locator("#composer-body").fill(text)
    page.locator("#composer .send").click()


def shoot(page: Page, name: str) -> None:
    """For people to look at, where a folder for it is named."""
    if folder := os.environ.get("GAPLESS_SHOTS"):
        for theme in ("light", "dark"):
            turn(page, theme)  # type: ignore[arg-type]
            page.screenshot(path=Path(folder) / f"{name}-{theme}.png")


def test_files_are_attached_sent_shown_and_looked_at_large(server: Server, cast: Cast, sign_in: SignIn) -> None:
    sound = beside(kept, cast.alice, pictures.sound(), "bell.wav")
    beside(said, cast.alice, cast.team, "Listen to this", files=(sound.pk,))
    page = sign_in("bob", server, width=390, path=f"/c/{cast.team.pk}/", has_touch=True)
    attach(page, PHOTO, PLAN, WRONG)
    expect(page.locator(".attached")).to_have_count(3)
    expect(page.locator(".attached.is-failed")).to_contain_text("looks like a picture")
    # Of the true picture its look.
    expect(page.locator(".attached:has(canvas) .file-words")).to_have_text("regatta.jpg23 KB")
    shoot(page, "attached")
    assert violations(page) == []
    page.locator(".attached.is-failed .attached-out").click()
    send(page, "From Saturday")
    row = page.locator(".row", has_text="From Saturday")
    picture = row.locator(".file-picture img")
    # Its place is known before it is there: 900 × 1600 within 360 × 320.
    expect(picture).to_have_attribute("width", "180")
    expect(picture).to_have_attribute("height", "320")
    expect(row.locator(".file-card")).to_contain_text("391 KB")
    expect(row.locator(".ticks")).to_have_attribute("data-status", "sent")
    send(page, "")
    assert page.evaluate(SAME) == []
    picture.click()
    large = page.locator(".lightbox")
    expect(large.locator("img")).to_have_js_property("naturalWidth", 900)
    expect(large.locator(".lightbox-count")).to_be_empty()
    shoot(page, "lightbox")
    page.set_viewport_size({"width": 1440, "height": 800})
    shoot(page, "lightbox-wide")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(row.locator(".file-picture")).to_be_focused()
    expect(page.locator(".file-audio")).to_have_js_property("paused", True)
    shoot(page, "sent-wide")
    assert page.evaluate(SAME) == []
    page.set_viewport_size({"width": 390, "height": 800})
    shoot(page, "sent")
    a_file_is_replied_with(page, row)
    they_are_found_by_their_names(page)


def they_are_found_by_their_names(page: Page) -> None:
    page.locator("#rows .row", has_text="From Saturday").press("/")
    page.fill("#search input[type=search]", "regatta")
    expect(page.locator(".found-line .found-files")).to_contain_text("regatta.jpg, plan.pdf")
    expect(page.locator(".found-line mark")).to_have_text("regatta")


def a_file_is_replied_with(page: Page, row: Locator) -> None:
    row.press("t")
    page.locator("#thread-attach-input").set_input_files([PLAN])
    expect(page.locator("#thread-attached .attached")).to_have_count(1)
    assert page.locator("#attached").is_hidden()
    shoot(page, "thread")
    page.locator("#thread-composer .send").click()
    reply = page.locator("#thread-rows .row:not(.is-draft)", has_text="plan.pdf").last
    expect(reply.locator("a.file-card")).to_contain_text("391 KB")
    expect(page.locator("#thread-rows .is-draft")).to_have_count(0)
    expect(page.locator("#rows .file-card", has_text="plan.pdf")).to_have_count(1)
    page.keyboard.press("Escape")


def test_a_file_attached_without_a_line_goes_out_when_it_is_back_and_before_what_was_said_later(
    server: Server, cast: Cast, sign_in: SignIn
) -> None:
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    page.context.set_offline(True)
    attach(page, PHOTO)
    send(page, "the photo")
    send(page, "and a word about it")
    expect(page.locator(".is-draft")).to_have_count(2)
    page.evaluate(KEPT, 1)
    page.evaluate(LEFT)
    # The tab is closed and opened again meanwhile: what is on its way is kept.
    page.context.set_offline(False)
    page.reload()
    expect(page.locator(".is-draft")).to_have_count(0)
    bodies = [text for text in page.locator(".row:not(.is-system) .body").all_inner_texts() if text]
    assert bodies == ["the photo", "and a word about it"]
    expect(page.locator(".row", has_text="the photo").locator(".file-picture img")).to_have_count(1)
    page.evaluate(KEPT, 0)


def test_a_text_that_is_too_long_goes_as_a_file_and_others_see_that_it_is_on_its_way(
    server: Server, cast: Cast, sign_in: SignIn
) -> None:
    path = f"/c/{cast.team.pk}/"
    alice, bob = sign_in("alice", server, path=path), sign_in("bob", server, path=path)
    text = "line of a log\n" * 200
    bob.fill("#composer-body", text)
    expect(bob.locator("#composer-left")).to_have_text(
        "Too long: the last 751 characters do not fit. Shorten it or send it in two; it is kept here."
    )
    # It does not get through at first.
    bob.route("**/api/v1/files/uploads/**", lambda route: route.abort())
    bob.click(".composer-as-file")
    expect(bob.locator("#composer-body")).to_have_value("")
    expect(bob.locator(".attached")).to_contain_text("message.txt")
    expect(alice.locator("#typing.is-on")).to_contain_text("Bob is sending files…")
    bob.unroute("**/api/v1/files/uploads/**")
    bob.evaluate(KEPT, 1)
    # What was written is nowhere else any more: it outlives the page.
    bob.reload()
    expect(bob.locator(".attached")).to_contain_text("message.txt")
    send(bob)
    card = alice.locator(".row:not(.is-draft) .file-card", has_text="message.txt")
    expect(card).to_be_visible()
    assert bob.request.get(card.get_attribute("href") or "").text() == text
    attach(bob, *({"name": f"{place}.txt", "mimeType": "text/plain", "buffer": b"x"} for place in range(10)))
    bob.fill("#composer-body", text)
    bob.click(".composer-as-file")
    expect(bob.locator("#toast")).to_contain_text("at most 10 files")
    expect(bob.locator("#composer-body")).to_have_value(text)
