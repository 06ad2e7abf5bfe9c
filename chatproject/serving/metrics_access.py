"""Who may read the metrics: a client with METRICS_TOKEN, or one in METRICS_ALLOWED without a proxy between."""

import hmac
from collections.abc import Callable

from django.conf import settings

from chat.addresses import is_within

#: Headers that proxies add: then the address is the proxy's, and tells nothing about the client.
_BY_PROXY = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def may_read_metrics(address: str, header: Callable[[str], str | None]) -> bool:
    """Whether the client may read them. `header` returns a header of the request by name, ignoring case."""
    scheme, _, secret = (header("Authorization") or "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return hmac.compare_digest(secret.strip().encode(), settings.METRICS_TOKEN.encode())
    if any(header(name) is not None for name in _BY_PROXY):
        return False
    return is_within(address, settings.METRICS_ALLOWED)
