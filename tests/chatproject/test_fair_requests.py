"""One person's requests keep no other user waiting, however many they are and from any address."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from django.db import connections, transaction

from chat import services
from chat.models import Channel
from tests.conftest import Cast, in_thread
from tests.stage.patience import AT_LOCKS
from tests.stage.servers import Server, expect


@contextmanager
def locked(channel: Channel) -> Iterator[None]:
    """What is asked of the channel meanwhile stands."""
    is_held, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Channel.objects.select_for_update().get(pk=channel.pk)
                is_held.set()
                may_go.wait()
        finally:
            connections.close_all()

    holding = threading.Thread(target=hold)
    holding.start()
    is_held.wait()
    try:
        yield
    finally:
        may_go.set()
        holding.join()


@pytest.mark.holds("requests_at_once")
async def test_two_requests_of_a_person_are_worked_on_at_once_and_the_third_waits(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    # Four places for everybody. Each of bob's stands in one while the row is locked; they come by two secrets of his.
    server = own_server(GAPLESS_LIMIT_POOL="12", **AT_LOCKS)
    secrets = [cast.token(cast.bob), await in_thread(lambda: services.create_token(cast.bob, name="another"))]
    url = f"{server.url}/api/v1/channels/{cast.team.pk}/membership/"
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        ways = [{"Authorization": f"Bearer {secret}"} for secret in secrets]
        for way in ways:
            assert (await http.get(f"{server.url}/api/v1/users/me/", headers=way)).status_code == 200

        async def two_stand() -> bool:
            return bool((await http.get(f"{server.url}/readyz")).json()["http"]["taken"] == 2)

        with locked(cast.team):
            asked = [
                asyncio.ensure_future(http.patch(url, headers=ways[n % 2], json={"notify_level": "none"}))
                for n in range(6)
            ]
            await expect(two_stand)
            await asyncio.wait(asked, timeout=0.3)
            alice = {"Authorization": f"Bearer {cast.token(cast.alice)}"}
            # She has a place at once: two of his stand, and the others are not begun.
            assert (await http.get(f"{server.url}/api/v1/users/me/", headers=alice)).status_code == 200
            assert await two_stand()
            assert not any(one.done() for one in asked)
        assert {(await one).status_code for one in asked} == {200}
