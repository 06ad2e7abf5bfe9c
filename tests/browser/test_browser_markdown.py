"""What people write with marks: how it looks, what can be done with its code, and how the box helps to write it."""

from playwright.sync_api import Page, expect

from tests.conftest import Cast, said
from tests.stage.axe import violations
from tests.stage.browsers import MARKS, MOVES, SignIn, aside
from tests.stage.servers import Server

pytestmark = MARKS

BODY = """## Release **4.2**
It is _almost_ ready, see https://example.org/notes_(4.2) and [the board](https://example.org/board):

1. `migrate` runs ~~twice~~ once
2. tell #support
   - and bob@example.org

> Nobody deploys on a Friday.
> :-)

| host | state | since |
|:-----|:-----:|------:|
| alpha.internal.example.org | up | 12 days and some hours |
| beta.internal.example.org | **down** | 3 minutes, maybe four |
"""
CODE = """Try this:
```python
def gapless(head: int) -> bool:  # every number that was given out, and one line that is longer than any phone is wide
    return all(seq in seen for seq in range(1, head + 1))
```"""
STACKED = "Z\u0351\u036b\u0343\u0352\u0323" * 30
ATTACK = f"<img src=x onerror=alert(1)> [x](javascript:alert(1)) \u202eevil {STACKED} {'x' * 300}"


def widened(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_a_message_with_marks_looks_like_what_was_meant_on_every_screen(
    sign_in: SignIn, server: Server, cast: Cast
) -> None:
    for body in (ATTACK, BODY, CODE):
        aside(said, cast.bob, cast.team, body)
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", width=390, script=MOVES)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator(".timeline.is-ready")).to_be_visible()
    assert page.evaluate("moves") == []
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        page.locator(".code").scroll_into_view_if_needed()
        expect(page.locator(".body h2 strong")).to_have_text("4.2")
        expect(page.locator(".code .is-keyword").first).to_have_text("def")
        assert not widened(page)
        assert violations(page) == []
    wide = page.locator(".code pre")
    page.set_viewport_size({"width": 390, "height": 800})
    for box in (wide, page.locator(".body .table")):
        assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    page.get_by_role("button", name="Wrap long lines").click()
    assert wide.evaluate("box => box.scrollWidth === box.clientWidth")
    wide.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == CODE.split("\n", 2)[2].removesuffix("\n```")
    assert page.locator(".body a").evaluate_all("links => links.map(link => link.getAttribute('href'))") == [
        "https://example.org/notes_(4.2)",
        "https://example.org/board",
        "mailto:bob@example.org",
    ]


def test_the_box_helps_to_write_marks(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    box = page.locator("#composer-body")
    box.press_sequentially("make it bold")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Control+b")
    expect(box).to_have_value("make it **bold**")
    page.keyboard.press("Control+z")
    expect(box).to_have_value("make it bold")
    box.fill("")
    box.press_sequentially("- one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("see this")
    expect(box).to_have_value("- one\n- two\n\nsee this")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowLeft")
    paste(page, "https://example.org/a")
    expect(box).to_have_value("- one\n- two\n\nsee [this](https://example.org/a)")
    page.keyboard.press("Enter")
    sent = page.locator(".row:not(.is-system) .body").last
    expect(sent.locator("li")).to_have_text(["one", "two"])
    expect(sent.locator("a")).to_have_attribute("href", "https://example.org/a")
    paste(page, "if (a) {\n  b();\n}")
    expect(box).to_have_value("```\nif (a) {\n  b();\n}\n```\n")
    page.keyboard.press("Control+z")
    expect(box).to_have_value("if (a) {\n  b();\n}")


def test_on_a_phone_there_is_a_bar_for_marks(sign_in: SignIn, server: Server, cast: Cast) -> None:
    aside(said, cast.bob, cast.team, "```sh\nls -la\n```")
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/", width=390, has_touch=True, is_mobile=True)
    # What a finger can't move away covers nothing.
    acts, line = page.locator(".code-acts").bounding_box(), page.locator(".code code").bounding_box()
    assert acts
    assert line
    assert acts["y"] + acts["height"] <= line["y"]
    bar = page.locator("#composer-marks")
    expect(bar).to_be_hidden()
    page.tap("#composer-body")
    expect(bar).to_be_visible()
    for button in bar.get_by_role("button").all():
        size = button.bounding_box()
        assert size
        assert min(size["width"], size["height"]) >= 44
    page.keyboard.type("fine")
    page.tap("#composer-marks [data-mark=bold]")
    expect(page.locator("#composer-body")).to_have_value("**fine**")
    expect(page.locator("#composer-body")).to_be_focused()
    assert violations(page) == []


def paste(page: Page, text: str) -> None:
    page.locator("#composer-body").evaluate(
        """(box, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
          if (box.dispatchEvent(event)) document.execCommand("insertText", false, text);
        }""",
        text,
    )
