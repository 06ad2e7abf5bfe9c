"""People at a real Chromium, each in a browser of their own; a message in a console fails the test."""

import contextvars
import functools
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from chat.models import User
from tests.conftest import Cast
from tests.stage.chromium import CHROMIUM
from tests.stage.servers import Server

#: For every module that asks for a page.
MARKS = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the page was NOT tested"),
]

#: The browser's own notifications are the outside world.
NOTICES = """
window.shown = [];
window.ended = [];
window.Notification = class {
  static permission = "granted";
  constructor(title, { body }) {
    this.body = body;
    window.notice = this;
    window.shown.push([title, body]);
  }
  close() { window.ended.push(this.body); }
};
"""

#: What moved on the screen without being asked to, and from where to where.
MOVES = """
globalThis.moves = [];
const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
new PerformanceObserver((list) => {
  for (const { sources } of list.getEntries())
    for (const { node, previousRect, currentRect } of sources)
      globalThis.moves.push(`${node?.id || node?.className || node?.nodeName}: ${place(previousRect)} → ${place(currentRect)}`);
}).observe({ type: "layout-shift", buffered: true });
"""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
]

#: Nobody promises it: it ends a wait that would not end. Where the product promises seconds, a test says so.
PATIENCE_MS = 30_000
LOOK_MS = 50
expect.set_options(timeout=PATIENCE_MS)

SignIn = Callable[..., Page]
Done = TypeVar("Done")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Playwright's loop makes Django think that it is called from async code.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def sign_in(chromium: Browser, cast: Cast) -> Iterator[SignIn]:
    """A page of somebody (of the cast by name, or anybody) in a browser of their own. `moves_time`: by `page.clock`."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def sign_in(
        person: str | User,
        server: Server,
        *,
        width: int = 1280,
        path: str = "/",
        moves_time: bool = False,
        script: str = "",
        **options: Any,
    ) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 800}, base_url=server.url, **options)
        contexts.append(context)
        client = Client()
        user = person if isinstance(person, User) else getattr(cast, person)
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": f"gapless_session_{server.port}", "value": session, "url": server.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        if moves_time:
            page.clock.install()
        page.add_init_script(script)
        page.goto(path)
        return page

    yield sign_in
    for context in contexts:
        context.close()
    # A dropped connection, a refusal and an ended login are what the test asked for; anything else is a defect.
    expected = re.compile(
        r"WebSocket connection to|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_REFUSED"
        r"|Failed to load resource: (net::|.*status of (400|401|403|409|415|429) )"
    )
    assert [line for line in complaints if not expected.search(line)] == []


def hold_time(page: Page) -> None:
    """From now on the timers of a page that `moves_time` run only when `page.clock` is told so, however long a test takes."""
    try:
        _pause(page)
    except Error:
        # Its second was over before the page heard of it. It stands all the same, and is yet to be told at which moment.
        _pause(page)


def _pause(page: Page) -> None:
    page.clock.pause_at(datetime.fromtimestamp(page.evaluate("Date.now()") / 1000 + 1, UTC))


def beside(verb: Callable[..., Done], *args: object, **kwargs: object) -> Done:
    """What a verb gives that runs beside Playwright's event loop, in which nothing can be announced."""
    with ThreadPoolExecutor(1) as executor:
        done = executor.submit(contextvars.copy_context().run, functools.partial(verb, *args, **kwargs)).result()
        executor.submit(connections.close_all)
    return done


def aside(verb: Callable[..., object], *args: object, **kwargs: object) -> None:
    """The same where nothing is asked of it."""
    beside(verb, *args, **kwargs)


def pump(page: Page, *, until: Callable[[], object]) -> None:
    """For what the page's events tell to a test, which come while Playwright waits."""
    for _ in range(PATIENCE_MS // LOOK_MS):
        if until():
            return
        page.wait_for_timeout(LOOK_MS)
    raise AssertionError("it did not happen")


def write(page: Page, text: str) -> None:
    page.fill("#composer-body", text)
    page.press("#composer-body", "Enter")


def bodies(page: Page) -> list[str]:
    return page.locator("#rows .row:not(.is-system) .body").all_inner_texts()


def ask(page: Page, button: object, item: str | None, reason: str) -> None:
    """Chooses an act that asks for a reason, and gives it."""
    button.click()  # type: ignore[attr-defined]
    if item:
        page.click(item)
    page.fill("#ask-reason", reason)
    page.click("#ask [name=yes]")
    expect(page.locator("#ask")).to_be_hidden()
