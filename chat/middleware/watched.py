"""The paths of monitors. This module knows nothing of Django, because the settings import it."""

#: Health, metrics and release: answered even when everything else waits, without a login, and for any Host header.
ALWAYS_ANSWERED = frozenset({"/healthz", "/readyz", "/metrics", "/version"})
