"""The paths by which machines ask how this one is. Knows nothing of Django: settings are made of it."""

#: Health, figures and release: answered even when everything else waits, when nobody can be asked who it is, and whatever the Host.
ALWAYS_ANSWERED = frozenset({"/healthz", "/readyz", "/metrics", "/version"})
