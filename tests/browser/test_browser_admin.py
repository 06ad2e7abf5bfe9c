"""The admin in a real browser: no page is wider than its window, whatever people write, on a phone and on a screen."""

from typing import Any

from playwright.sync_api import Page

from chat import services
from chat.models import AuditEntry, Ban, Channel, Member, Message, Report, Sanction, User
from tests.conftest import Cast, said
from tests.stage.admin_house import page_of
from tests.stage.browsers import MARKS, SignIn, aside
from tests.stage.servers import Server

pytestmark = MARKS

KINDS = (Report, Message, Channel, Member, Sanction, User, Ban, AuditEntry)
WORD = "W" * 400


def long_words(cast: Cast) -> None:
    """Everywhere where people write, one word as long as it may be."""
    services.rename_user(cast.bob, display_name="D" * 80)
    services.revise_channel(cast.alice, channel=cast.team.pk, name="N" * 80, topic="T" * 250)
    said(cast.bob, cast.team, WORD * 5)
    row = Message.objects.filter(sender=cast.bob, kind="text").latest("pk")
    services.edit_message(cast.bob, channel=cast.team.pk, message=row.pk, body=WORD * 4)
    services.report_message(cast.alice, channel=cast.team.pk, message=row.pk, reason=WORD)
    services.mute_member(cast.alice, channel=cast.team.pk, user=cast.bob, until=None, reason=WORD)
    services.create_user("u" * 40)
    services.ban_user(cast.sam, user=cast.vera.pk, reason=WORD)
    services.remove_member(cast.alice, channel=cast.team.pk, user=cast.bob, reason=WORD)
    services.inspect_channel(cast.sam, channel=cast.team.pk, reason=WORD)


def pages(cast: Cast) -> list[str]:
    rows: list[Any] = [row for kind in KINDS if (row := kind.objects.order_by("-pk").first()) is not None]
    lists = [f"/admin/chat/{kind._meta.model_name}/" for kind in KINDS]
    acts = [f"/admin/chat/report/{Report.objects.get().pk}/act/dismiss/", f"/admin/chat/user/{cast.bob.pk}/act/roles/"]
    people = [page_of(cast.bob), page_of(cast.vera), page_of(Message.objects.filter(kind="text").latest("pk"))]
    reading = [
        f"/admin/chat/channel/{cast.team.pk}/reading/",
        "/admin/chat/user/?password__regex=x",
        "/admin/auth/group/",
    ]
    return ["/admin/", *lists, *(page_of(row) for row in rows), *acts, *people, *reading]


def width(page: Page) -> tuple[int, int]:
    scroll, inner = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return scroll, inner


def test_a_long_word_breaks_no_page_of_the_admin(sign_in: SignIn, server: Server, cast: Cast) -> None:
    aside(long_words, cast)
    page = sign_in("sam", server, path="/admin/")
    found = {}
    for path in pages(cast):
        page.goto(path)
        for wide in (390, 1280):
            page.set_viewport_size({"width": wide, "height": 800})
            found[path, wide] = width(page)
    assert found == {(path, wide): (wide, wide) for path, wide in found}


def test_on_a_phone_the_filters_come_before_the_list(sign_in: SignIn, server: Server, cast: Cast) -> None:
    page = sign_in("sam", server, width=390, path="/admin/chat/user/")
    filters, rows = (page.locator(place).bounding_box() for place in ("#changelist-filter", "#result_list"))
    assert filters is not None
    assert rows is not None
    assert filters["y"] + filters["height"] <= rows["y"]
    assert rows["y"] < 800, "and the list is in sight"
