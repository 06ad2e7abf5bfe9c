"""The cost of a channel's page on a phone: time to paint, layout shifts, blocking time; and scrolling a thousand messages back.

    python -m benchmarks.page                     a minute
    python -m benchmarks.page --rounds 7 --json

A real Chromium, its processor slowed four times: Lighthouse's phone, without and with its slow network. Medians of the rounds;
`score` weighs them as Lighthouse does for mobile, without its Speed Index. Then somebody scrolls a thousand messages into the
past: how long each frame took. Compare figures only within one run.
"""

import argparse
import json
import math
import statistics
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from benchmarks.fanout import DATA, WebProcess, prepare
from benchmarks.machine import machine
from chatproject.embedded import services as embedded
from tests.stage.chromium import WHOLE

django.setup()

from django.conf import settings  # noqa: E402 (Django comes first)
from django.test import Client  # noqa: E402

from chat import services  # noqa: E402
from chat.models import User  # noqa: E402
from chat.tools.babble import Babble  # noqa: E402

PORT = 18200
SLOWED = 4
#: Lighthouse's slow phone network: milliseconds, and bytes a second down and up.
SLOW_NETWORK = {"offline": False, "latency": 562.5, "downloadThroughput": 184_320, "uploadThroughput": 84_375}
PHONE: Any = {"viewport": {"width": 412, "height": 823}, "device_scale_factor": 1.75, "is_mobile": True}
#: Messages that are said before, and how many of them are scrolled through.
SAID, READ_BACK, BATCH = 1_300, 1_000, 50
PATIENCE_SECONDS = 90.0

#: Lighthouse 12, mobile: weight, where the score is 0.9, and where it is 0.5.
CURVES = {"fcp_ms": (10, 1800, 3000), "lcp_ms": (25, 2500, 4000), "tbt_ms": (30, 200, 600), "cls": (25, 0.1, 0.25)}

OBSERVE = """
globalThis.seen = { lcp: 0, cls: 0, long: [] };
const see = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
see("largest-contentful-paint", (entry) => { seen.lcp = entry.startTime; });
see("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.cls += entry.value; });
see("longtask", (entry) => { seen.long.push([entry.startTime, entry.duration]); });
"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
FIRST_SEQ = "document.querySelector('#rows > [data-seq]').dataset.seq"
FRAMES = """
globalThis.frames_ms = []; let before = performance.now(); globalThis.isWatching = true;
const next = (now) => { frames_ms.push(now - before); before = now; if (isWatching) requestAnimationFrame(next); };
requestAnimationFrame(next); seen.long.length = 0;
"""


class Wire:
    """Requests, and bytes as they come over the wire."""

    def __init__(self, devtools: CDPSession) -> None:
        self.requests, self.bytes = 0, 0
        devtools.on("Network.loadingFinished", self._count)
        devtools.send("Network.enable")

    def _count(self, event: Any) -> None:
        self.requests += 1
        self.bytes += int(event["encodedDataLength"])


@contextmanager
def phone(browser: Browser, server: WebProcess, session: str, **network: Any) -> Iterator[tuple[Page, Wire]]:
    """A page of a browser that has kept nothing, signed in."""
    context: BrowserContext = browser.new_context(base_url=f"http://localhost:{server.port}", **PHONE)
    name = settings.SESSION_COOKIE_NAME.rsplit("_", 1)[0]
    context.add_cookies([{"name": f"{name}_{server.port}", "value": session, "url": f"http://localhost:{server.port}"}])
    page = context.new_page()
    page.add_init_script(OBSERVE)
    devtools = context.new_cdp_session(page)
    wire = Wire(devtools)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    if network:
        devtools.send("Network.emulateNetworkConditions", network)
    try:
        yield page, wire
    finally:
        context.close()


def opened(page: Page, wire: Wire, path: str) -> dict[str, float]:
    page.goto(path)
    page.locator(".timeline.is-ready").wait_for(timeout=PATIENCE_SECONDS * 1000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    seen, painted = page.evaluate("seen"), page.evaluate(PAINTED)
    blocked = sum(max(0.0, took - 50) for start, took in seen["long"] if start + took > painted)
    return {
        "fcp_ms": painted,
        "lcp_ms": seen["lcp"],
        "tbt_ms": blocked,
        "cls": seen["cls"],
        "requests": wire.requests,
        "kb": wire.bytes / 1024,
    }


def read_back(page: Page, path: str) -> dict[str, float]:
    """Scrolls up until so many older messages have passed; the page lets go of those that are far away."""
    page.goto(path)
    page.locator(".timeline.is-ready").wait_for(timeout=PATIENCE_SECONDS * 1000)
    page.mouse.move(200, 400)
    page.evaluate(FRAMES)
    newest, began_at, passed = int(page.evaluate(FIRST_SEQ)), time.monotonic(), 0
    while passed < READ_BACK and time.monotonic() - began_at < PATIENCE_SECONDS:
        page.mouse.wheel(0, -700)
        passed = newest - int(page.evaluate(FIRST_SEQ))
    frames, long = page.evaluate("(isWatching = false, frames_ms)"), page.evaluate("seen.long")
    frames.sort()
    return {
        "passed": passed,
        "rows_kept": int(page.evaluate("document.querySelectorAll('#rows > *').length")),
        "seconds": round(time.monotonic() - began_at, 1),
        "frame_p50_ms": round(frames[len(frames) // 2], 1),
        "frame_p95_ms": round(frames[int(len(frames) * 0.95)], 1),
        "frame_most_ms": round(frames[-1], 1),
        "task_most_ms": round(max((took for _, took in long), default=0.0), 1),
        "heap_mb": round(page.evaluate("performance.memory.usedJSHeapSize") / 2**20, 1),
    }


def score(figures: dict[str, float]) -> int:
    """Lighthouse's score: logarithmic normal curves through 0.9 and 0.5."""
    total = 0.0
    for name, (weight, good, median) in CURVES.items():
        spread = math.log(median / good) / 1.2815515655446004
        place = math.log(max(figures[name], 1e-9) / median) / spread
        total += weight * 0.5 * math.erfc(place / math.sqrt(2))
    return round(total / sum(weight for weight, *_ in CURVES.values()) * 100)


def median_of(rounds: list[dict[str, float]]) -> dict[str, float]:
    found = {name: round(statistics.median(each[name] for each in rounds), 3) for name in rounds[0]}
    return {**found, "score": score(found)}


def lay_out() -> tuple[str, str]:
    """A channel in which much was said; its address, and the session of one of its members."""
    channel, _ = prepare(20)
    people = list(User.objects.filter(username__startswith="bench").order_by("pk")[:5])
    babble = Babble(1)
    for start in range(0, SAID, BATCH):
        services.post_messages(
            [
                services.Draft(
                    channel=channel,
                    sender=people[n // 3 % len(people)].pk,
                    client_msg_id=uuid.uuid4(),
                    body=babble.sentence(),
                )
                for n in range(start, start + BATCH)
            ]
        )
    reader = people[0]
    services.read_channel(reader, channel=channel, seq=SAID)
    client = Client()
    client.force_login(reader, backend=settings.AUTHENTICATION_BACKENDS[0])
    return f"/c/{channel}/", client.cookies[settings.SESSION_COOKIE_NAME].value


def measure(server: WebProcess, path: str, session: str, *, rounds: int) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with sync_playwright() as playwright, machine([server]) as elsewhere:
        flags = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--enable-precise-memory-info"]
        browser = playwright.chromium.launch(executable_path=WHOLE, args=flags)
        for name, network in (("cold", {}), ("cold, slow network", SLOW_NETWORK)):
            found = []
            for _ in range(rounds):
                with phone(browser, server, session, **network) as (page, wire):
                    found.append(opened(page, wire, path))
            figures[name] = median_of(found)
        with phone(browser, server, session) as (page, wire):
            figures[f"{READ_BACK:,} messages back"] = read_back(page, path)
        browser.close()
        figures["machine"] = elsewhere()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if WHOLE is None:
        raise SystemExit("There is no Chromium on this machine.")
    embedded.ensure(DATA)
    server = None
    try:
        path, session = lay_out()
        server = WebProcess(PORT)
        server.wait_ready()
        figures = measure(server, path, session, rounds=options.rounds)
    finally:
        if server is not None:
            server.process.terminate()
            server.process.wait(40)
        embedded.leave(DATA)
    print(json.dumps(figures) if options.json else "\n".join(f"{name:>20}  {found}" for name, found in figures.items()))


if __name__ == "__main__":
    main()
