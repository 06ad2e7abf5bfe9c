"""The rate limit of an address, so that one address can't flood a process: each process counts, before Django is called."""

import dataclasses
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings

from chat.addresses import line_of, true_address
from chatproject.serving import refusals
from delivery.live.token_bucket import TokenBucket

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: How many addresses are remembered; the one that has been quiet for the longest is forgotten first.
MOST_ADDRESSES = 10_000


def with_true_address(scope: Scope) -> Scope:
    """The scope, with the client's address. `X-Forwarded-For` counts only from TRUSTED_PROXIES."""
    client = scope.get("client")
    if not client:
        return scope
    said = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = [hop for hop in ",".join(said).split(",") if hop.strip()]
    address = true_address(client[0], hops, trusted=settings.TRUSTED_PROXIES)
    # In place: a copy would be kept for as long as its socket is open.
    scope["client"] = (address, 0 if hops else client[1])
    return scope


class AddressRateLimit:
    """A token bucket for each address: `per_minute` requests and handshakes at once, refilled evenly within a minute."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def wait(self, scope: Scope) -> float:
        """Seconds until this address may send a request; 0: it may now, and the request is counted."""
        client = scope.get("client")
        if not client or self._per_minute == 0:
            return 0
        key = line_of(client[0])
        bucket = self._buckets.setdefault(key, TokenBucket(self._per_minute, seconds=60))
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket.wait() or bucket.spend()


async def refuse_for_now(scope: Scope, receive: Receive, send: Send, *, wait: float) -> None:
    """Answers 429, to a request or a handshake, with the limit."""
    refusal = dataclasses.replace(refusals.TOO_OFTEN, retry_after=wait)
    headers = {
        "x-ratelimit-limit": str(settings.LIMITS.address_requests_per_minute),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(max(1, math.ceil(wait))),
    }
    await refusals.answer(refusal, scope, receive, send, headers=headers)
