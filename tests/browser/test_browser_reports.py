"""The reports in a real browser: plots are drawn, and neither they nor the page of hours are wider than a phone."""

import datetime

from playwright.sync_api import Page, expect

from chat.support.models import Interval, Rating
from tests.conftest import Cast
from tests.stage.browsers import MARKS, SignIn, aside
from tests.stage.moments import DAY
from tests.stage.servers import Server
from tests.stage.support import open_desk, visit

pytestmark = MARKS


def count_some() -> None:
    """Waits of three days, and a rating."""
    desk = open_desk()
    conversation = visit(desk.inbox).begin()
    for number in range(3):
        ended_at = DAY - datetime.timedelta(days=number)
        for kind in ("first", "next", "solve"):
            Interval.objects.create(
                conversation=conversation,
                episode=number + 1,
                kind=kind,
                agent=desk.ada,
                began_at=ended_at - datetime.timedelta(minutes=7),
                ended_at=ended_at,
                seconds=420,
                business_seconds=420,
            )
    Rating.objects.create(conversation=conversation, episode=1, score=4, agent=desk.ada, created_at=DAY)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_reports_are_drawn_and_fit_a_phone(sign_in: SignIn, server: Server, cast: Cast) -> None:
    aside(count_some)
    page = sign_in("sam", server, path="/admin/desk/reports/")
    expect(page.locator("#plots figure canvas")).to_have_count(4)
    expect(page.get_by_role("cell", name="7 min, nine of ten in 7 min (3)").first).to_be_visible()
    for wide in (1280, 390):
        page.set_viewport_size({"width": wide, "height": 800})
        for path in ("/admin/desk/reports/", "/admin/desk/hours/"):
            page.goto(path)
            assert fits(page), (path, wide)
