"""A channel full of pictures, code, threads, reactions and citations scrolls like text: nothing that is in sight moves."""

import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from chat import clock, services
from chat.models import Channel, File, Member, Message, User
from chat.services import Draft
from tests.conftest import Cast
from tests.stage.browsers import MARKS, MOVES, SignIn, aside
from tests.stage.pictures import picture
from tests.stage.servers import Server

pytestmark = MARKS

ROWS, CHUNK = 300, 50
PICTURE = picture(size=(600, 400))
CODE = "```py\ndef lunch(hour):\n    return hour == 12  # and a line that is too long for a phone\n```"
#: Up to the first row and down to the last, a screen a frame, as a finger flings it. Says how far it was, and what of
#: all that was in sight stood elsewhere, or was of another height, a frame later, before it was scrolled on.
SCROLL = """async ([step, end]) => {
  const box = document.querySelector("#timeline");
  const view = box.getBoundingClientRect();
  const edge = (element, side) => element.getBoundingClientRect()[side];
  const said = (row) => row.querySelector(".file-picture") ?? row.querySelector(".body > *") ?? row;
  const placeOf = (row) => [edge(said(row), "top"), edge(row.querySelector(".message"), "bottom")];
  const isSeen = ([top, bottom]) => bottom > view.top && top < view.bottom;
  const rows = () => [...document.querySelectorAll("#rows .row")].map((row) => [row.dataset.seq, placeOf(row)]);
  const seen = () => rows().filter(([, place]) => isSeen(place));
  // Where a page has scrolled to is known in whole pixels.
  const isSame = (one, other) => one.every((number, side) => Math.abs(number - other[side]) < 1.5);
  const moves = [];
  let way = 0;
  for (let still = 0; still < 5; ) {
    const before = seen();
    await new Promise((done) => requestAnimationFrame(done));
    for (const [seq, place] of before) {
      const now = document.querySelector(`#rows .row[data-seq="${seq}"]`);
      if (!now || !isSame(place, placeOf(now))) moves.push(`${seq}: ${place} → ${now && placeOf(now)}`);
    }
    const from = box.scrollTop;
    box.scrollTop += step;
    way += Math.abs(box.scrollTop - from);
    still = document.querySelector(`#rows .row[data-seq="${end}"]`) && box.scrollTop === from ? still + 1 : 0;
  }
  return { way, moves };
}"""


@pytest.mark.parametrize("width", [390, pytest.param(1440, marks=pytest.mark.by_hand)])
def test_a_channel_full_of_pictures_code_and_threads_scrolls_like_text(
    sign_in: SignIn, server: Server, cast: Cast, width: int
) -> None:
    aside(write_all_kinds, cast, server.url)
    rows = Message.objects.filter(channel=cast.team, thread=None, kind="text").order_by("seq")
    first, last = (row.seq for row in (rows[0], rows[len(rows) - 1]))
    page = sign_in("alice", server, width=width, path="about:blank", script=MOVES)
    held = hold_pictures(page)
    page.goto(f"/c/{cast.team.pk}/")
    expect(page.locator(f'#rows .row[data-seq="{last}"]')).to_be_visible()
    expect(page.locator("#rows .cite").last).to_be_visible()
    assert page.evaluate("moves") == []
    for step, end in ((-800, first), (800, last)):
        scrolled = page.evaluate(SCROLL, [step, end])
        assert scrolled["way"] > 10_000
        assert (step, scrolled["moves"]) == (step, [])
    # What opened, and what comes now into rows that were measured without it.
    assert held
    for route in held:
        route.fulfill(body=PICTURE, content_type="image/png")
    page.wait_for_function("[...document.querySelectorAll('#rows .file-picture img')].some((img) => img.naturalWidth)")
    assert page.evaluate(SCROLL, [0, last])["moves"] == []


def hold_pictures(page: Page) -> list[Route]:
    """They come when everything has been scrolled through."""
    held: list[Route] = []
    page.route("**/files/**", lambda route: held.append(route))
    return held


def write_all_kinds(cast: Cast, url: str) -> None:
    """In turn a picture, code, a root with replies, one with reactions, and one that cites; all read by everybody."""
    for _ in range(ROWS // CHUNK):
        said = [kind for _ in range(CHUNK // 5) for kind in _one_of_each(cast, url)]
        services.post_messages([_draft(cast, cast.alice, **kind) for kind in said])
        roots = Message.objects.filter(channel=cast.team, body="who comes?", reply_count=0).values_list("pk", flat=True)
        services.post_messages([_draft(cast, cast.bob, body="me", thread=root) for root in roots])
    Message.objects.filter(body="lunch").update(reactions=[["🎉", [cast.bob.pk]]])
    head = Channel.objects.get(pk=cast.team.pk).head
    Member.objects.filter(channel=cast.team).update(read_seq=head, delivered_seq=head)


def _one_of_each(cast: Cast, url: str) -> list[dict[str, Any]]:
    bodies = [CODE, "who comes?", "lunch", f"as said in {url}/c/{cast.team.pk}/m/{uuid.uuid4().int % 40 + 3}"]
    return [{"body": "", "files": (_picture(cast.alice),)}, *({"body": body} for body in bodies)]


def _draft(cast: Cast, user: User, **said: Any) -> Draft:
    return Draft(channel=cast.team.pk, sender=user.pk, client_msg_id=uuid.uuid4(), **said)


def _picture(user: User) -> int:
    """Known to the rows alone: the page is given its bytes by the test."""
    at, name = clock.now(), uuid.uuid4().hex
    shape = {"width": 600, "height": 400, "size": 1_000, "type": "image/png"}
    return File.objects.create(uploader=user, name="plan.png", folder=name, whole_at=at, created_at=at, **shape).pk
