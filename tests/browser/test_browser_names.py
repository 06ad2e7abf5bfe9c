"""Names on the page: two people who seem to be called the same are told apart."""

import uuid

from playwright.sync_api import expect

from chat import services
from tests.conftest import Cast, said
from tests.stage.browsers import MARKS, SignIn
from tests.stage.servers import Server

pytestmark = MARKS


def test_two_who_seem_to_be_called_the_same_are_told_apart(sign_in: SignIn, server: Server, cast: Cast) -> None:
    said(cast.bob, cast.team, "this is Bob")
    services.add_member(cast.alice, channel=cast.team.pk, user=cast.charlie)
    # Not a Latin letter among them.
    services.rename_user(cast.charlie, display_name="Воb")
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    row = page.locator(".row", has_text="this is Bob")
    expect(row.locator(".sender")).to_have_text("Bob")
    with server.http(cast.token(cast.charlie)) as client:
        draft = {"client_msg_id": str(uuid.uuid4()), "body": "I am Bob too"}
        client.post(f"/channels/{cast.team.pk}/messages/", json=draft).raise_for_status()
    expect(page.locator(".row", has_text="I am Bob too").locator(".sender")).to_have_text("Воb @charlie")
    expect(row.locator(".sender")).to_have_text("Bob @bob")
    page.click("#members-button")
    expect(page.locator(".member .name b").filter(has_text="@bob")).to_be_visible()
    expect(page.locator(".member .name b").filter(has_text="@alice")).to_have_count(0)


def test_a_long_name_ends_in_the_list_of_channels(sign_in: SignIn, server: Server, cast: Cast) -> None:
    services.rename_user(cast.charlie, display_name="Charlie " * 9)
    services.open_direct_channel(cast.alice, others=[cast.bob, cast.charlie])
    page = sign_in("alice", server, path=f"/c/{cast.team.pk}/")
    expect(page.locator(".channel-name", has_text="Charlie")).to_be_visible()
    assert (
        page.evaluate(
            "(() => { const list = document.querySelector('.sidebar-scroll'); return list.scrollWidth - list.clientWidth; })()"
        )
        == 0
    )
