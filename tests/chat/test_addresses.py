"""Who is asking: every spelling of an address is one, proxies of one's own are believed, and one address asks only so often."""

import ipaddress
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.test import RequestFactory

from chat import addresses
from chatproject import env
from chatproject.serving.address_rate import AddressRateLimit, with_true_address
from chatproject.serving.measuring import metrics_page
from tests.conftest import Cast
from tests.stage.servers import Server


@pytest.mark.fast
@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("1.2.3.4", "1.2.3.4"),
        (" 1.2.3.4:567 ", "1.2.3.4"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("[::ffff:1.2.3.4]:567", "1.2.3.4"),
        ("::FFFF:102:304", "1.2.3.4"),
        ("[::1]:567", "::1"),
        ("[::1]", "::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        *((nonsense, "None") for nonsense in ("", "unknown", "_hidden", "1.2.3", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:5:6")),
        *((nonsense, "None") for nonsense in ("[::1", "[::1]x", "[1.2.3.4:5", "::1:99999")),
    ],
)  # fmt: skip
def test_an_address_is_read_in_every_spelling(said: str, read: str) -> None:
    assert str(addresses.parsed(said)) == read


@pytest.mark.fast
@pytest.mark.parametrize("network", ["10.0.0.0/8", "::ffff:10.0.0.0/104", "10.1.2.3", "::ffff:10.1.2.3"])
def test_a_network_of_either_spelling_knows_an_address_of_either(monkeypatch: pytest.MonkeyPatch, network: str) -> None:
    monkeypatch.setenv("NETWORKS", network)
    known = env.networks("NETWORKS", [])
    assert all(addresses.is_within(said, known) for said in ("10.1.2.3", "::ffff:10.1.2.3", "10.1.2.3:99"))
    assert not any(addresses.is_within(said, known) for said in ("11.1.2.3", "::ffff:11.1.2.3", "::1", "", "10.1.2"))


@pytest.mark.fast
@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("9.9.9.9", "1.2.3.4", "9.9.9.9"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("::ffff:9.9.9.9", "1.2.3.4", "9.9.9.9"),
        ("10.0.0.1", "1.2.3.4:567", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, [2001:db8::1]:567, 10.0.0.2:80", "2001:db8::1"),
        ("10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"),
    ],
)
def test_an_address_is_believed_only_from_your_own_proxies(settings: Any, peer: str, said: str, address: str) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", said.encode())] if said else []}
    assert with_true_address(scope)["client"][0] == address


@pytest.mark.holds("address_requests_per_minute")
@pytest.mark.fast
def test_one_address_asks_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("delivery.live.token_bucket.time.monotonic", lambda: now[0])
    pace = AddressRateLimit(60)
    office, neighbour = ({"client": (address, 1)} for address in ("2001:db8::1", "2001:db8::2"))
    assert [pace.wait((office, neighbour)[n % 2]) for n in range(60)] == [0] * 60
    assert pace.wait(office) == pytest.approx(1)
    assert pace.wait({"client": ("2001:db8:0:1::1", 1)}) == 0
    now[0] += 1
    assert (pace.wait(office), pace.wait(neighbour)) == (0, pytest.approx(1))


@pytest.mark.fast
def test_two_people_of_ipv4_are_two_whatever_the_socket_calls_them() -> None:
    pace = AddressRateLimit(1)
    assert [pace.wait({"client": (f"::ffff:1.2.3.{n}", 1)}) for n in range(3)] == [0, 0, 0]
    assert pace.wait({"client": ("1.2.3.0", 1)}) > 0


@pytest.mark.fast
def test_figures_know_their_own_machine_in_either_spelling(settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    statuses = [
        metrics_page(RequestFactory().get("/metrics", REMOTE_ADDR=address)).status_code
        for address in ("127.0.0.1", "::ffff:127.0.0.1", "::ffff:192.0.2.1")
    ]
    assert statuses == [200, 200, 403]


async def test_a_server_of_both_families_knows_who_is_who(own_server: Callable[..., Server], cast: Cast) -> None:
    server = own_server(HOST="::", GAPLESS_LIMIT_ADDRESS_REQUESTS_PER_MINUTE="2", TRUSTED_PROXIES="127.0.0.1")
    for host in ("127.0.0.1", "[::1]"):
        assert httpx.get(f"http://{host}:{server.port}/metrics").status_code == 200

    def status(client: str) -> int:
        address = f"http://127.0.0.1:{server.port}/sign-in/"
        return httpx.get(address, headers={"X-Forwarded-For": client}).status_code

    # Each client has a port of its own for each connection, and an allowance of its own.
    assert [status(f"192.0.2.1:{port}") for port in range(3)] == [200, 200, 429]
    assert [status(f"[::ffff:192.0.2.2]:{port}") for port in range(3)] == [200, 200, 429]
