"""Files of visitors, which anybody can be: uploads from one address are bounded, and people keep their places."""

import contextlib
import dataclasses
import select
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from chat.allowances.table import UPLOADS_OF_VISITORS
from chat.files import services
from delivery.wire import errors
from tests.chat.files.conftest import give
from tests.conftest import Cast
from tests.stage.counting import has_done
from tests.stage.servers import Server
from tests.stage.support import Visit, open_desk, visit, wait_until

FEW = {
    "TRUSTED_PROXIES": "127.0.0.1",
    "GAPLESS_LIMIT_UPLOADS_AT_ONCE": "1",
    "GAPLESS_LIMIT_VISITOR_UPLOADS_UNDER_WAY": "2",
    "GAPLESS_LIMIT_UPLOADS_PER_MINUTE": "0",
    "GAPLESS_LIMIT_ADDRESS_UPLOADS_PER_HOUR": "0",
}


@pytest.fixture
def visits(cast: Cast) -> list[Visit]:
    inbox = open_desk().inbox
    return [visit(inbox, name) for name in ("Vera", "Vince", "Viola")]


class OnItsWay:
    """A file that does not end."""

    def __init__(self, server: Server, one: Visit, address: str) -> None:
        lines = [
            "POST /api/v1/files/ HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {one.secret}",
            f"X-Forwarded-For: {address}",
            "Content-Type: multipart/form-data; boundary=x",
            "Content-Length: 20000",
        ]
        self._head = "\r\n".join([*lines, "", ""]).encode()
        self._port = server.port
        self._begin()

    def _begin(self) -> None:
        self._line = socket.create_connection(("localhost", self._port))
        self._line.sendall(self._head)

    def go_on(self) -> None:
        """Begins anew where it met another one and was the one that is refused."""
        if select.select([self._line], [], [], 0)[0]:
            self.close()
            self._begin()

    def close(self) -> None:
        self._line.close()


def refusal(client: httpx.Client, address: str, status: int, *beside: OnItsWay) -> Any:
    """The problem with which a file from there is refused, once those beside it are known."""
    answers: list[Any] = []

    def is_refused() -> bool:
        for one in beside:
            one.go_on()
        answer = give(client, b"x", headers={"X-Forwarded-For": address})
        answers.append(answer.json())
        return answer.status_code == status

    wait_until(is_refused, within=30)
    return answers[-1]


@pytest.mark.holds("visitor_uploads_under_way", "uploads_at_once")
def test_visitors_leave_places_for_people(cast: Cast, visits: list[Visit], kept_server: Callable[..., Server]) -> None:
    server = kept_server(**FEW)
    vera, vince, viola = visits
    with (
        contextlib.closing(OnItsWay(server, vera, "203.0.113.1")) as one,
        contextlib.closing(OnItsWay(server, vince, "203.0.113.2")) as other,
        server.http(viola.secret) as visitor,
        server.http(cast.token(cast.bob)) as bob,
    ):
        # Another visitor at the same address is no other source.
        assert refusal(visitor, "203.0.113.1", 429, one, other)["code"] == "rate_limited"
        assert refusal(visitor, "203.0.113.3", 503, one, other)["code"] == "unavailable"
        assert give(bob, b"the plan").status_code == 201


@pytest.mark.holds("address_uploads_per_hour")
def test_visitors_of_one_address_send_so_many_files_an_hour(server: Server, visits: list[Visit]) -> None:
    has_done(119, allowance=UPLOADS_OF_VISITORS, whose="127.0.0.1")
    first, second, _ = visits
    with server.http(first.secret) as one, server.http(second.secret) as other:
        assert give(one, b"x").status_code == 201
        assert give(other, b"x").json()["code"] == "rate_limited"
        assert other.post("/files/uploads/", json={"name": "x", "size": 5}).status_code == 429


@pytest.mark.holds("visitor_quota_megabytes")
def test_a_visitor_has_less_room_than_people(cast: Cast, visits: list[Visit], settings: Any) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, visitor_quota_megabytes=1)
    services.begin_upload(visits[0].visitor, name="x", size=1024 * 1024)
    with pytest.raises(errors.Quota):
        services.begin_upload(visits[0].visitor, name="x", size=1)
    assert services.begin_upload(cast.bob, name="x", size=1024 * 1024 + 1)
