"""Who may read the figures: METRICS_TOKEN from anywhere, METRICS_ALLOWED without a proxy between."""

import hmac
from collections.abc import Callable

from django.conf import settings

from chat.addresses import is_within

#: What a proxy adds: then the address is the proxy's, and says nothing about who asks.
_BY_PROXY = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def may_read(address: str, header: Callable[[str], str | None]) -> bool:
    """`header`: gives one of the request's by its name, whatever its case."""
    scheme, _, secret = (header("Authorization") or "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return hmac.compare_digest(secret.strip().encode(), settings.METRICS_TOKEN.encode())
    if any(header(name) is not None for name in _BY_PROXY):
        return False
    return is_within(address, settings.METRICS_ALLOWED)
