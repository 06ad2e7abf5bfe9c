"""What is taken out of a channel: several messages copied, the channel on paper; and text that is selected while others write."""

import re

import pytest
from playwright.sync_api import Page, expect

from chat.models import Channel, Member
from tests.conftest import Cast, said
from tests.stage.browsers import MARKS, SignIn, aside
from tests.stage.servers import Server

pytestmark = MARKS

#: From the middle of the first word of one message to the end of another.
SELECT = """([first, offset, last]) => {
  const bodyOf = (text) => [...document.querySelectorAll("#rows .body")].find((body) => body.textContent.includes(text));
  const range = document.createRange();
  range.setStart(document.createTreeWalker(bodyOf(first), NodeFilter.SHOW_TEXT).nextNode(), offset);
  range.setEndAfter(bodyOf(last).lastChild);
  document.activeElement.blur();
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""
#: How far what can be scrolled is cut off, and what is left of the page beside the messages.
ON_PAPER = """() => {
  const isSeen = (selector) => [...document.querySelectorAll(selector)].some((each) => each.checkVisibility());
  const box = document.querySelector("#timeline");
  return {
    cut: box.scrollHeight - box.clientHeight,
    isWhole: document.documentElement.scrollHeight > innerHeight,
    beside: [".sidebar", "#composer", ".pill", ".icon-button", ".ticks"].filter(isSeen),
    heads: ["#channel-title", "#rows time"].filter(isSeen),
  };
}"""


@pytest.fixture
def page(cast: Cast, server: Server, sign_in: SignIn) -> Page:
    aside(write_and_read, cast)
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator("#rows .row").last).to_contain_text("bread")
    return page


def write_and_read(cast: Cast) -> None:
    lines = [(cast.bob, f"line {number}") for number in range(10, 40)]
    lunch = [(cast.alice, "**lunch** is\n\n- soup"), (cast.bob, "thanks"), (cast.bob, "I bring bread")]
    for user, body in [*lines, *lunch]:
        said(user, cast.team, body)
    head = Channel.objects.get(pk=cast.team.pk).head
    Member.objects.filter(channel=cast.team).update(read_seq=head, delivered_seq=head)


def test_several_messages_are_copied_as_text_that_says_who_and_when(page: Page, cast: Cast) -> None:
    page.evaluate(SELECT, ["line 39", 5, "bread"])
    page.keyboard.press("Control+c")
    page.locator("#composer-body").press("Control+v")
    time = r"\d+:\d\d( [AP]M)?"
    copied = page.locator("#composer-body").input_value()
    bob, alice = (re.escape(user.get_full_name() or user.username) for user in (cast.bob, cast.alice))
    parts = [
        rf"\w+, .* \d{{4}}\n\n{bob}, {time}\n39",
        rf"\n{alice}, {time}\n\*\*lunch\*\* is\n\n- soup",
        rf"\n{bob}, {time}\nthanks\nI bring bread\n",
    ]
    assert re.fullmatch("\n".join(parts), copied.replace("\u202f", " ")), copied
    # Within one message it is what is selected.
    page.evaluate(SELECT, ["bread", 2, "bread"])
    page.keyboard.press("Control+c")
    page.locator("#composer-body").fill("")
    page.locator("#composer-body").press("Control+v")
    expect(page.locator("#composer-body")).to_have_value("bring bread")


def test_what_is_selected_stays_where_it_is_while_others_write_and_a_channel_is_printed_whole(
    page: Page, cast: Cast
) -> None:
    page.evaluate(SELECT, ["line 39", 0, "thanks"])
    before = page.evaluate("[document.querySelector('#timeline').scrollTop, String(getSelection())]")
    for number in range(6):
        aside(said, cast.bob, cast.team, f"later {number}")
    expect(page.locator("#rows .row").last).to_contain_text("later 5")
    assert page.evaluate("[document.querySelector('#timeline').scrollTop, String(getSelection())]") == before
    expect(page.locator("#jump-latest")).to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ON_PAPER) == {
        "cut": 0, "isWhole": True, "beside": [], "heads": ["#channel-title", "#rows time"],
    }  # fmt: skip
    assert page.evaluate("getComputedStyle(document.querySelector('#pane')).backgroundColor") == "rgb(255, 255, 255)"
