"""Names: what may be one, which look alike, which are nobody's; and messages that show nothing."""

import uuid
from importlib import import_module

import pytest
from django.db import connection

from chat import services
from chat.models import AuditEntry, Channel, User
from chat.naming import clean_name, fold, look, shows_nothing
from chatproject import doctor
from delivery.wire.errors import Conflict, Empty, Invalid
from tests.conftest import Cast, say
from tests.stage.servers import Server

pytestmark = pytest.mark.django_db

ZERO_WIDTH, RIGHT_TO_LEFT, FILLER = "\u200b", "\u202e", "\u3164"
STACKED = "Z" + "\u0338" * 12 + "algo"
#: They are no formatting to Unicode, and nothing is drawn for them either.
UNSEEN = ["\u034f", "\ufe0f", "\u2065", "\u180b", "\U0001d159", "\U000e0080"]
UNSHOWABLE = ["a\nb", "\x1b[31mred", f"a{ZERO_WIDTH}b", f"{RIGHT_TO_LEFT}ecila", FILLER, STACKED, "a\x00b", "\ud800"]
UNSHOWABLE += [f"a{unseen}b" for unseen in UNSEEN]


@pytest.mark.parametrize("name", UNSHOWABLE)
def test_what_can_not_be_shown_as_it_is_is_nobodys_name(cast: Cast, name: str) -> None:
    with pytest.raises(Invalid):
        services.rename_user(cast.bob, display_name=name)
    with pytest.raises(Invalid):
        services.create_user("dora", display_name=name)
    with pytest.raises(Invalid):
        services.open_channel(cast.bob, name=name)
    with pytest.raises(Invalid):
        services.revise_channel(cast.alice, channel=cast.team.pk, topic=name)
    with pytest.raises(Invalid):
        services.choose_presence(cast.bob.pk, activity=name)
    assert not User.objects.filter(username="dora").exists()


@pytest.mark.parametrize(
    "name", ["Zoë", "Nguyễn Thị", "שָׁלוֹם", "می‌خواهم", "👩‍👩‍👧 home", "❤️", "1️⃣", "ᠠ᠋ᠨ", "O'Brien", "数据库", "#1"]
)
def test_names_of_all_languages_stay_as_they_are(name: str) -> None:
    assert clean_name(f"  {name} ", what="A name", most=80) == name


def test_names_are_kept_in_one_spelling(cast: Cast) -> None:
    assert services.rename_user(cast.bob, display_name="Zoe\u0308  \u00a0 B").display_name == "Zo\u00eb B"


@pytest.mark.parametrize("twin", ["PUB", "Ｐub", f"p{ZERO_WIDTH}ub", "рub", "pub ", "pub\u034f", "pub\ufe0f"])
def test_two_public_channels_are_never_called_alike(cast: Cast, twin: str) -> None:
    services.open_channel(cast.alice, name="pub")
    with pytest.raises((Conflict, Invalid)):
        services.open_channel(cast.bob, name=twin)
    other = services.open_channel(cast.bob, name="another")
    with pytest.raises((Conflict, Invalid)):
        services.revise_channel(cast.bob, channel=other.pk, name=twin)
    assert Channel.objects.filter(kind="public").count() == 2


def test_a_private_name_tells_nobody_that_it_is_taken(cast: Cast) -> None:
    services.open_channel(cast.alice, name="plans", kind="private")
    services.open_channel(cast.bob, name="plans", kind="private")
    public = services.open_channel(cast.bob, name="plans")
    services.archive_channel(cast.bob, channel=public.pk)
    services.open_channel(cast.alice, name="PLANS")
    assert Channel.objects.filter(name__iexact="plans").count() == 4


def test_a_topic_can_be_changed_where_names_were_alike_before(cast: Cast) -> None:
    services.open_channel(cast.alice, name="pub")
    twin = services.open_channel(cast.alice, name="inn")
    Channel.objects.filter(pk=twin.pk).update(name="PUB", name_look_any_case="", name_look="")
    assert services.revise_channel(cast.alice, channel=twin.pk, topic="beer").topic == "beer"


@pytest.mark.parametrize("name", ["aIice", "a1ice", "ALICE", "A1ICE"])
def test_no_username_looks_like_another(cast: Cast, name: str) -> None:
    with pytest.raises(Invalid):
        services.create_user(name)


@pytest.mark.parametrize(
    "name", ["here", "all", "me", "Channel", "everyone", "gapless", "a11", "admin", "Support", "adrnin"]
)
def test_reserved_words_are_nobodys_name(name: str) -> None:
    with pytest.raises(Invalid, match="reserved"):
        services.create_user(name)


def test_the_staff_may_be_called_by_their_office_but_nobody_like_a_call_to_all() -> None:
    assert services.create_user("admin", is_staff=True).username == "admin"
    with pytest.raises(Invalid):
        services.create_user("here", is_staff=True)


def test_display_names_may_repeat_and_renames_are_logged(cast: Cast) -> None:
    services.rename_user(cast.bob, display_name="Alice")
    services.rename_user(cast.bob, display_name="Alice")
    [line] = AuditEntry.objects.filter(act="user.renamed")
    assert (line.actor, line.details) == (cast.bob, {"from": "Bob", "to": "Alice"})


def test_old_names_that_look_alike_stay_and_the_doctor_lists_them(cast: Cast) -> None:
    services.open_channel(cast.alice, name="pub")
    twin = services.open_channel(cast.alice, name="inn")
    Channel.objects.filter(pk=twin.pk).update(name="PUB", name_look_any_case="", name_look="")
    User.objects.filter(pk=cast.bob.pk).update(username="a1ice", username_look=None)
    says = " ".join(finding.says for finding in doctor.examine() if finding.about == "names")
    assert f"PUB ({twin.pk})" in says
    assert "a1ice" in says


@pytest.mark.parametrize(
    "body", ["", " \n\t", ZERO_WIDTH * 3, FILLER, "\u00ad", "\u2800", "\u0301", "\u200d\ufe0f", "".join(UNSEEN)]
)
@pytest.mark.django_db(transaction=True)
def test_a_message_that_shows_nothing_is_empty(server: Server, cast: Cast, body: str) -> None:
    assert shows_nothing(body)
    with pytest.raises(Empty):
        services.check_body(body)
    with server.http(cast.token(cast.alice)) as client:
        draft = {"client_msg_id": str(uuid.uuid4()), "body": body}
        answer = client.post(f"/channels/{cast.team.pk}/messages/", json=draft)
    assert (answer.status_code, answer.json()["code"]) == (400, "empty")


def test_an_edit_that_shows_nothing_is_empty(cast: Cast) -> None:
    say(cast.alice, cast.team, "hello")
    row = cast.team.messages.latest("seq")
    with pytest.raises(Empty):
        services.edit_message(cast.alice, channel=cast.team.pk, message=row.pk, body=FILLER)


def test_looks_are_as_the_standard_has_them() -> None:
    assert look("pаypаl") == look("paypal") == look("PayPaI")
    assert look("rn") == look("m")
    assert fold("INFO") == fold("info")
    assert look("10 users") != look("20 users")
    assert len(look("\ufdfa" * 80)) <= 200


def test_numbers_stay_apart(cast: Cast) -> None:
    assert len({look(f"user{number}") for number in range(2000)}) == 2000


def test_names_that_were_alike_before_the_rule_keep_the_older_one(transactional_db: None) -> None:
    names = import_module("chat.migrations.0012_names_and_folded_search")
    for username in ("alice", "bob", "aIice2", "alice2"):
        User.objects.create(username=username)
    first = Channel.objects.create(name="pub", kind="public")
    Channel.objects.create(name="PUB", kind="public")
    Channel.objects.create(name="Pub", kind="private")

    class Apps:
        @staticmethod
        def get_model(app: str, name: str) -> type:
            return {"User": User, "Channel": Channel}[name]

    names.take_names(Apps, connection.schema_editor())
    assert set(User.objects.filter(username_look=None).values_list("username", flat=True)) == {"alice2"}
    assert list(Channel.objects.filter(kind="public").exclude(name_look="")) == [first]
    assert Channel.objects.filter(kind="private", name_look="pub").exists()
