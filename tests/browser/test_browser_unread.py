"""The numbers of unread messages and mentions on the page are the server's, after whatever happened to either, on any device."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from playwright.sync_api import Locator, Page, expect

from chat import services
from chat.models import Channel, Message
from delivery.bus import announcing
from tests.conftest import Cast, said
from tests.stage.browsers import MARKS, SignIn, aside
from tests.stage.servers import Server
from tests.stage.unread_model import ME, OTHER, Model

pytestmark = MARKS

#: The position check, which repairs what Redis has lost, comes every ten seconds.
REPAIRED = 25_000

#: Lives through a model's steps with the page's own modules; what was expected and wasn't so.
LIVE = """async ([steps, me]) => {
  const { Channels } = await import("/static/gapless/channels/channels.js");
  const channels = new Channels([], { id: me }, () => false);
  const rows = new Map();
  const wrong = [];
  let isUnsure = false;
  channels.addEventListener("unsure", () => { isUnsure = true; });
  const does = {
    hello: (list) => channels.replace(list),
    put: (channel) => channels.put(channel),
    skip: (head) => channels.skip(1, head),
    receipts: (frame) => channels.takeReceipts(frame),
    changes: (frame) => {
      for (const change of frame.changes) rows.set(change.seq, change);
      channels.take(frame);
    },
    see: (seq, { is_all: isAll, knows_all: knowsAll }) => {
      const { read_seq: read } = channels.get(1);
      if (seq <= read) return;
      const passed = [...rows.values()].filter((row) => row.seq > read && row.seq <= seq && channels.counts(row));
      channels.seen(1, seq, knowsAll ? passed : passed.slice(-1), { isAll });
    },
    recount: (channel) => {
      if (isUnsure) channels.put(channel);
      isUnsure = false;
    },
    expect: (expected, step, place) => {
      const { unread, mentioned } = channels.get(1);
      if (unread !== expected.unread || mentioned !== expected.mentioned) wrong.push({ place, unread, mentioned, expected });
    },
  };
  steps.forEach((step, place) => {
    const [name] = Object.keys(step);
    does[name](step[name], step, place);
  });
  return wrong;
}"""

CHOICE = st.integers(-1, 20)
STEP = st.one_of(
    st.tuples(st.just("post"), st.sampled_from([ME, OTHER, OTHER])),
    st.tuples(st.just("reply"), st.sampled_from([ME, OTHER]), st.booleans()),
    st.tuples(st.sampled_from(["edit", "delete", "read_elsewhere", "deliver_receipts"]), CHOICE),
    st.tuples(st.just("deliver_changes"), st.integers(1, 5)),
    st.tuples(st.just("read_here"), CHOICE, st.booleans()),
    st.tuples(st.just("come_back"), st.booleans()),
    st.tuples(st.sampled_from(["lose_receipts", "come_to_rest"])),
)


@pytest.fixture
def other(cast: Cast) -> Channel:
    return services.open_channel(cast.alice, name="other", members=[cast.bob])


@pytest.fixture
def page(sign_in: SignIn, server: Server, cast: Cast, other: Channel) -> Page:
    page = sign_in("bob", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator("#composer-body")).to_be_editable()
    return page


def test_after_any_sequence_the_page_counts_what_the_server_counts(page: Page) -> None:
    @hypothesis_settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEP, max_size=60))
    def holds(sequence: list[tuple[Any, ...]]) -> None:
        model = Model()
        for verb, *given_ in sequence:
            live(model, verb, given_)
        model.come_to_rest()
        assert page.evaluate(LIVE, [model.steps, ME]) == []

    holds()


def live(model: Model, verb: str, given_: list[Any]) -> None:
    if verb == "read_here":
        model.read_here(given_[0], knows_all=given_[1])
    elif verb == "reply":
        model.reply(given_[0], is_also=given_[1])
    elif verb == "come_back":
        model.come_back(is_long_away=given_[0])
    else:
        getattr(model, verb)(*given_)


def test_read_elsewhere_while_the_newest_change_is_an_edit(page: Page, cast: Cast, other: Channel) -> None:
    badge = unread_in(page, other, cast, 2)
    last = Message.objects.filter(channel=other, kind="text").latest("seq")
    aside(services.edit_message, cast.alice, channel=other.pk, message=last.pk, body="said better")
    page.reload()
    shows(badge, 2)
    aside(services.move_cursors, {(other.pk, cast.bob.pk): (last.seq, last.seq)})
    expect(badge).to_be_hidden()
    holds_after_a_reload(page, badge, 0)


def test_unread_messages_that_are_deleted_count_no_more(page: Page, cast: Cast, other: Channel) -> None:
    badge = unread_in(page, other, cast, 3)
    for left, row in zip((2, 1, 0), Message.objects.filter(channel=other, kind="text").order_by("seq"), strict=True):
        aside(services.delete_message, cast.alice, channel=other.pk, message=row.pk)
        shows(badge, left)
    holds_after_a_reload(page, badge, 0)


def test_what_was_unread_before_the_page_was_opened_can_be_deleted_too(page: Page, cast: Cast, other: Channel) -> None:
    badge = unread_in(page, other, cast, 2)
    page.reload()
    shows(badge, 2)
    row = Message.objects.filter(channel=other, kind="text").earliest("seq")
    aside(services.delete_message, cast.alice, channel=other.pk, message=row.pk)
    shows(badge, 1)


def test_another_device_reads_a_part(page: Page, cast: Cast, other: Channel) -> None:
    badge = unread_in(page, other, cast, 4)
    page.reload()
    shows(badge, 4)
    seqs = list(Message.objects.filter(channel=other, kind="text").order_by("seq").values_list("seq", flat=True))
    for left, seq in ((3, seqs[0]), (1, seqs[2])):
        aside(services.move_cursors, {(other.pk, cast.bob.pk): (seq, seq)})
        shows(badge, left)
    holds_after_a_reload(page, badge, 1)


def test_what_was_read_while_redis_stood_still_is_known_soon(
    page: Page, cast: Cast, other: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    badge = unread_in(page, other, cast, 3)
    seq = Message.objects.filter(channel=other, kind="text").order_by("seq")[1].seq
    with monkeypatch.context() as patched:
        patched.setattr(announcing, "announce", lambda announcements: None)
        aside(services.move_cursors, {(other.pk, cast.bob.pk): (seq, seq)})
    expect(badge.locator(".badge-number")).to_have_text("1", timeout=REPAIRED)
    holds_after_a_reload(page, badge, 1)


def unread_in(page: Page, channel: Channel, cast: Cast, count: int) -> Locator:
    """So many messages are said in a channel that is not open; its badge."""
    badge = page.locator(f"a[href='/c/{channel.pk}/'] .badge")
    expect(page.locator(f"a[href='/c/{channel.pk}/']")).to_be_visible()
    for n in range(count):
        aside(said, cast.alice, channel, f"{n}")
    shows(badge, count)
    return badge


def shows(badge: Locator, count: int) -> None:
    if count:
        expect(badge.locator(".badge-number")).to_have_text(str(count))
    else:
        expect(badge).to_be_hidden()


def holds_after_a_reload(page: Page, badge: Locator, count: int) -> None:
    assert page.title().startswith(f"({count}) ") is (count > 0)
    page.reload()
    expect(page.locator("#composer-body")).to_be_editable()
    shows(badge, count)


def test_a_block_and_its_end_are_counted_as_the_server_counts(page: Page, cast: Cast, other: Channel) -> None:
    badge = unread_in(page, other, cast, 2)
    aside(services.block_user, cast.bob, whom=cast.alice)
    shows(badge, 0)
    aside(services.unblock_user, cast.bob, whom=cast.alice)
    shows(badge, 2)
