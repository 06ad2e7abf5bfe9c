"""A new name is pushed to every user who sees the old one."""

import asyncio

import pytest

from chat import services
from tests.conftest import Cast, in_thread
from tests.stage.listening import Listening
from tests.stage.servers import EXPECT_SECONDS, Server

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_new_name_is_told_once_to_those_who_share_a_channel_and_to_nobody_else(
    servers: list[Server], cast: Cast
) -> None:
    await in_thread(services.open_channel, cast.alice, name="second", members=[cast.bob])
    here, there = servers
    async with (
        here.connect(cast.token(cast.alice)) as alice,
        there.connect(cast.token(cast.bob)) as bob,
        here.connect(cast.token(cast.charlie)) as charlie,
    ):
        answer = await in_thread(here.http(cast.token(cast.bob)).patch, "/users/me/", json={"display_name": "Robert"})
        assert answer.status_code == 200
        told = {"op": "person", "person": {"id": cast.bob.pk, "username": "bob", "display_name": "Robert"}}
        for connection in (alice, bob):
            assert await people_of(connection, least=1) == [told]
        assert await people_of(charlie, least=0) == []


def test_a_profile_changes_as_a_whole_or_not_at_all(server: Server, cast: Cast) -> None:
    http = server.http(cast.token(cast.bob))
    answer = http.patch("/users/me/", json={"display_name": "Robert", "activity": "a\u200bb"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert http.get("/users/me/").json()["display_name"] == "Bob"


async def people_of(connection: Listening, *, least: int) -> list[object]:
    """What a socket was told of names, so many at least; two seconds after those there is no further one."""
    found: list[object] = []
    try:
        while True:
            async with asyncio.timeout(2 if len(found) >= least else EXPECT_SECONDS):
                push = await connection.pushes.get()
            if push["op"] == "person":
                found.append(push)
    except TimeoutError:
        return found
