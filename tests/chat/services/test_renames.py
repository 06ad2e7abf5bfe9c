"""A new name is pushed to every user who sees the old one."""

import asyncio

import pytest

from chat import services
from tests.conftest import Cast, in_thread
from tests.stage.listening import Listening
from tests.stage.servers import Server

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
            assert await people_of(connection) == [told]
        assert await people_of(charlie) == []


def test_a_profile_changes_as_a_whole_or_not_at_all(server: Server, cast: Cast) -> None:
    http = server.http(cast.token(cast.bob))
    answer = http.patch("/users/me/", json={"display_name": "Robert", "activity": "a\u200bb"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert http.get("/users/me/").json()["display_name"] == "Bob"


async def people_of(connection: Listening) -> list[object]:
    """What a socket was told of names; two seconds after the first there is no second."""
    found: list[object] = []
    try:
        async with asyncio.timeout(2):
            while True:
                push = await connection.pushes.get()
                if push["op"] == "person":
                    found.append(push)
    except TimeoutError:
        return found
