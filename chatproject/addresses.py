"""Who is asking: the address behind your own proxies, and how often one address may ask, so that one can't drown all.

Counted by each process for itself, before Django and the database are touched.
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from delivery.bucket import Bucket

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: Addresses that are remembered; the one that has been quiet for the longest is forgotten first.
MOST_ADDRESSES = 10_000
#: One line of IPv6 has so many bits of its own: its addresses are one.
IPV6_BITS = 64


def with_true_address(scope: Scope) -> Scope:
    """The scope with the address of the client. What TRUSTED_PROXIES wrote in `X-Forwarded-For` is believed, nothing else."""
    client = scope.get("client")
    if not client or not settings.TRUSTED_PROXIES or not _is_trusted(client[0]):
        return scope
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop.strip() for hop in ",".join(said).split(",") if hop.strip()]
    address = client[0]
    for hop in reversed(hops):
        if _parsed(hop) is None:
            break
        address = hop
        if not _is_trusted(hop):
            break
    return {**scope, "client": (address, 0)}


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _is_trusted(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in settings.TRUSTED_PROXIES)


class AddressPace:
    """A bucket for each address: as many requests and handshakes at once as there may be in a minute, refilled evenly."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def wait(self, scope: Scope) -> float:
        """Seconds until this address may ask; 0 when it may now, and then it is counted."""
        client = scope.get("client")
        if not client or self._per_minute == 0:
            return 0
        key = _line_of(client[0])
        bucket = self._buckets.setdefault(key, Bucket(self._per_minute, seconds=60))
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket.wait() or bucket.spend()


def _line_of(address: str) -> str:
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, IPV6_BITS), strict=False))
    return address


async def refuse(scope: Scope, receive: Receive, send: Send, *, wait: float) -> None:
    """429, for a request as for a handshake; 403 for a handshake where the server can't say more."""
    kind = "http.response"
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close"})
            return
        kind = "websocket.http.response"
    seconds = str(max(1, math.ceil(wait))).encode()
    most = str(settings.LIMITS.address_requests_per_minute).encode()
    rates = [(b"x-ratelimit-limit", most), (b"x-ratelimit-remaining", b"0"), (b"x-ratelimit-reset", seconds)]
    headers = [(b"content-type", b"application/problem+json"), (b"retry-after", seconds), *rates]
    await send({"type": f"{kind}.start", "status": 429, "headers": headers})
    body = b'{"type":"urn:gapless:rate_limited","title":"Too Many Requests","status":429,"code":"rate_limited",'
    said = b'"detail":"That was too much in too short a time from your address.","retry_after":' + seconds + b"}"
    await send({"type": f"{kind}.body", "body": body + said})
