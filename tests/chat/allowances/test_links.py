"""Secret links: one address opens so many a minute, at all doors and processes together, with and without Redis."""

from collections.abc import Callable
from itertools import cycle

import httpx
import pytest

from tests.conftest import Cast
from tests.stage.servers import Server

PATHS = ("invite/wrong/", "new-password/wrong/", "setup/wrong/")


def opened(doors: list[httpx.Client], count: int) -> list[int]:
    paths, clients = cycle(PATHS), cycle(doors)
    return [next(clients).get(f"/{next(paths)}").status_code for _ in range(count)]


def at(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, trust_env=False)


@pytest.mark.holds("address_links_per_minute")
def test_so_many_links_an_address_opens_in_a_minute_and_not_one_more(
    own_server: Callable[..., Server], cast: Cast
) -> None:
    doors = [at(own_server(GAPLESS_LIMIT_ADDRESS_LINKS_PER_MINUTE="7")) for _ in range(2)]
    # Its window is fixed, and may end meanwhile: then as many more are opened, and not one beyond.
    statuses = opened(doors, 7 * 2 + 1)
    assert statuses[:7] == [410] * 7
    assert statuses.count(429) in (1, 8)
    refused = [answer for door in doors for answer in [door.get("/invite/wrong/")] if answer.status_code == 429]
    assert refused
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)
    assert doors[0].get("/sign-in/").status_code == 200


def test_without_redis_links_are_opened_and_counted(own_server: Callable[..., Server], cast: Cast) -> None:
    [door] = [at(own_server(GAPLESS_LIMIT_ADDRESS_LINKS_PER_MINUTE="7", REDIS_URL="redis://127.0.0.1:1/0"))]
    statuses = opened([door], 7 * 2 + 1)
    assert statuses[:7] == [410] * 7
    assert statuses.count(429) in (1, 8)
