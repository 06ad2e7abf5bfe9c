"""Rules for every path of the API: slashes, unknown parameters, caches, Accept headers, cursors, ETags."""

import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from chat import services
from chat.models import Message
from tests.conftest import Cast, said
from tests.stage.problems import refused
from tests.stage.servers import Server


@pytest.fixture
def alice(server: Server, cast: Cast) -> Iterator[httpx.Client]:
    with server.http(cast.token(cast.alice)) as http:
        yield http


@pytest.fixture
def path(cast: Cast) -> str:
    """The path of a message of alice's."""
    said(cast.alice, cast.team, "first")
    return f"/channels/{cast.team.pk}/messages/{Message.objects.get(body='first').pk}/"


# ---- a path is one path ----


def test_what_is_posted_without_the_last_slash_is_posted(alice: httpx.Client, cast: Cast) -> None:
    sent = {"client_msg_id": str(uuid.uuid4()), "body": "not lost"}
    answer = alice.post(f"/channels/{cast.team.pk}/messages", json=sent)
    assert (answer.status_code, answer.json()["body"]) == (201, "not lost")
    assert alice.post(f"/channels/{cast.team.pk}/messages/", json=sent).status_code == 200
    assert Message.objects.filter(body="not lost").count() == 1


@pytest.mark.parametrize("slash", ["", "/"])
def test_with_and_without_the_last_slash_every_method_does_the_same(alice: httpx.Client, path: str, slash: str) -> None:
    path = path.removesuffix("/") + slash
    assert alice.get(path).json()["body"] == "first"
    assert alice.patch(path, json={"body": "second"}).json()["body"] == "second"
    assert alice.options(path).status_code == 200
    assert alice.delete(path).json()["deleted_at"]
    refused(alice.put(path), 405, "invalid")
    assert alice.get("/schema" + slash).json()["openapi"] == "3.1.1"
    refused(alice.post("/nothing" + slash), 404, "not_found")


def test_the_next_page_of_a_path_without_its_slash_is_found(alice: httpx.Client, cast: Cast) -> None:
    for n in range(25):
        said(cast.alice, cast.team, f"{n}")
    first = alice.get(f"/channels/{cast.team.pk}/messages").json()
    assert len(alice.get(first["next"]).json()["results"]) > 5


def test_a_form_that_is_posted_to_a_page_without_its_slash_is_no_redirect(server: Server) -> None:
    assert httpx.post(f"{server.url}/sign-in", data={"username": "x"}).status_code != 301


def test_over_plain_http_nothing_is_redirected_where_https_is_spoken(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    server = own_server(ALLOWED_ORIGINS="https://chat.example.org")
    with server.http(cast.token(cast.alice)) as http:
        sent = {"client_msg_id": str(uuid.uuid4()), "body": "in the clear"}
        refused(http.post(f"/channels/{cast.team.pk}/messages/", json=sent), 403, "forbidden")
        over_tls = {"X-Forwarded-Proto": "https"}
        assert http.post(f"/channels/{cast.team.pk}/messages/", json=sent, headers=over_tls).status_code == 201


# ---- what is unknown ----


def test_unknown_parameters_and_fields_are_refused_by_every_operation(
    alice: httpx.Client, cast: Cast, path: str
) -> None:
    team = f"/channels/{cast.team.pk}/"
    for asked in (
        "/channels/",
        "/users/",
        "/users/me/",
        "/presence/",
        "/tokens/",
        "/search/?q=x",
        path,
        f"{team}changes/",
    ):
        problem = refused(alice.get(asked, params=httpx.URL(asked).params.merge({"befor": "1"})), 400, "invalid")
        assert problem["errors"] == {"befor": ["There is no such parameter."]}
    for method, asked in (("POST", f"{team}leave/"), ("DELETE", path), ("POST", f"{team}messages/")):
        problem = refused(alice.request(method, asked, json={"bdoy": "x"}), 400, "invalid")
        assert problem["errors"]["bdoy"] == ["There is no such field."]
        refused(alice.request(method, f"{asked}?dry_run=1"), 400, "invalid")
    assert alice.get(path).json()["body"] == "first"
    refused(alice.get("/users/?format=json"), 400, "invalid")
    refused(alice.get("/schema/?lang=de"), 400, "invalid")


def test_who_is_not_signed_in_learns_nothing_of_parameters(server: Server) -> None:
    refused(httpx.get(f"{server.url}/api/v1/users/?x=1"), 401, "forbidden")


# ---- answers ----


def test_no_answer_is_kept_by_a_cache(server: Server, alice: httpx.Client) -> None:
    answers = [
        alice.get(asked) for asked in ("/users/me/", "/channels/", "/nothing/", "/schema/", "/docs/", "/asyncapi.json")
    ]
    answers.append(httpx.get(f"{server.url}/api/v1/users/me/"))
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


@pytest.mark.parametrize("accept", ["application/problem+json", "application/problem+json, application/json;q=0.5"])
def test_a_client_that_accepts_problems_is_answered(alice: httpx.Client, accept: str) -> None:
    answer = alice.get("/users/me/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    refused(alice.get("/channels/0/", headers={"Accept": accept}), 404, "not_found")
    refused(alice.get("/users/me/", headers={"Accept": "text/html"}), 406, "invalid")


def test_errors_are_sentences_by_field(alice: httpx.Client) -> None:
    problem = refused(alice.post("/channels/", json={"name": "x", "members": [1, "two"]}), 400, "invalid")
    assert problem["errors"] == {"members": ["1: A valid integer is required."]}
    problem = refused(alice.post("/channels/", json=["x"]), 400, "invalid")
    assert list(problem["errors"]) == ["non_field_errors"]


def test_lists_say_where_the_next_page_begins(alice: httpx.Client, cast: Cast) -> None:
    for n in range(45):
        said(cast.alice, cast.team, f"{n}")
    messages, changes = (f"/channels/{cast.team.pk}/{name}/" for name in ("messages", "changes"))
    first = alice.get(messages).json()
    assert (first["has_more"], first["next_before"], first["previous_after"]) == (
        True,
        first["results"][-1]["seq"],
        None,
    )
    second = alice.get(messages, params={"before": first["next_before"]}).json()
    assert second == alice.get(first["next"]).json()
    assert second["previous_after"] == second["results"][0]["seq"]
    last = alice.get(messages, params={"before": 3}).json()
    assert (last["has_more"], last["next_before"]) == (False, None)
    assert alice.get(changes).json()["has_more"] is False
    for n in range(25):
        services.open_channel(cast.alice, name=f"channel {n}")
    channels = alice.get("/channels/", params={"page_size": 10}).json()
    assert (len(channels["results"]), channels["next_cursor"]) == (10, channels["results"][-1]["id"])
    assert channels["has_more"]
    found = alice.get("/search/", params={"q": "from:alice"}).json()
    assert found["has_more"]
    assert found["next_cursor"] in found["next"]


@pytest.mark.holds("page_most")
@pytest.mark.parametrize(("size", "given"), [(1, 1), (45, 45), (100, 47)])
def test_programs_may_ask_for_larger_pages(alice: httpx.Client, cast: Cast, size: int, given: int) -> None:
    for n in range(45):
        said(cast.alice, cast.team, f"{n}")
    for asked in ("", "&before=1000"):
        page = alice.get(f"/channels/{cast.team.pk}/messages/?page_size={size}{asked}").json()
        assert (len(page["results"]), page["has_more"]) == (given, given < 47)
    for wrong in ("0", "101", "x"):
        refused(alice.get(f"/channels/?page_size={wrong}"), 400, "invalid")


# ---- what has changed since ----


def test_an_edit_of_what_has_changed_since_is_refused(alice: httpx.Client, path: str) -> None:
    seen = alice.get(path).headers["etag"]
    edited = alice.patch(path, json={"body": "second"}, headers={"If-Match": seen})
    assert (edited.status_code, edited.headers["etag"] != seen) == (200, True)
    for method, body in (("PATCH", {"body": "third"}), ("DELETE", None)):
        for tag in (seen, f"W/{edited.headers['etag']}", '"nonsense"'):
            answer = alice.request(method, path, json=body, headers={"If-Match": tag})
            refused(answer, 412, "conflict")
    assert alice.get(path).json()["body"] == "second"
    for tag in ('"0", {}', "*"):
        tags = {"If-Match": tag.format(edited.headers["etag"])}
        edited = alice.patch(path, json={"body": f"with {tag}"}, headers=tags)
        assert edited.status_code == 200, tag
    gone = alice.delete(path, headers={"If-Match": edited.headers["etag"]})
    assert gone.json()["deleted_at"]
    assert gone.headers["etag"].startswith(f'"{gone.json()["rev"]}.')


def test_what_was_just_said_has_the_tag_that_it_is_read_with(alice: httpx.Client, cast: Cast) -> None:
    sent = {"client_msg_id": str(uuid.uuid4()), "body": "new"}
    posted = alice.post(f"/channels/{cast.team.pk}/messages/", json=sent)
    read = alice.get(f"/channels/{cast.team.pk}/messages/{posted.json()['id']}/")
    assert posted.headers["etag"] == read.headers["etag"]


def test_a_tag_of_before_a_restore_fits_nothing_that_has_its_number_now(
    alice: httpx.Client, cast: Cast, path: str
) -> None:
    seen = alice.get(path).headers["etag"]
    Message.objects.filter(body="first").update(body="another, under the same number")
    refused(alice.patch(path, json={"body": "mine"}, headers={"If-Match": seen}), 412, "conflict")
