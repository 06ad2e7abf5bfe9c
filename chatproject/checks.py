"""System checks: they find contradictory settings before the first request."""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from chatproject import env
from chatproject.limits import PREFIX

#: Characters of a key that signs: 128 random bits, if it was written as hexadecimal digits.
LEAST_KEY = 32


@register()
def check_pool(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The pools of all processes together must fit into PostgreSQL's connections."""
    total = settings.DATABASE_POOL * settings.WEB_WORKERS
    if total <= settings.LIMITS.server_connections:
        return []
    return [
        Warning(
            f"{settings.WEB_WORKERS} processes with {settings.DATABASE_POOL} connections each may open {total}, but "
            f"GAPLESS_LIMIT_SERVER_CONNECTIONS says that PostgreSQL accepts {settings.LIMITS.server_connections}.",
            hint="Lower WEB_WORKERS, or raise max_connections and GAPLESS_LIMIT_SERVER_CONNECTIONS.",
            id="gapless.W001",
        )
    ]


@register()
def check_lowered_limits(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The database keeps two limits too, so settings can only lower them."""
    found = []
    for name, most in (("message_bytes", 2048), ("members", 100)):
        if not 1 <= getattr(settings.LIMITS, name) <= most:
            found.append(Error(f"GAPLESS_LIMIT_{name.upper()} must be from 1 to {most}.", id="gapless.E002"))
    return found


@register()
def check_names_of_limits(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A misspelled limit would be left as it is, without a word."""
    return [
        Warning(f"{name} is set, but there is no such limit.", hint="docs/limits.md has all limits.", id="gapless.W002")
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in env.READINGS
    ]


@register()
def check_key(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Who guesses the key that signs can sign in as anybody. Not refused: an installation that has it must go on."""
    if len(settings.SECRET_KEY) >= LEAST_KEY:
        return []
    return [
        Warning(
            f"SECRET_KEY has {len(settings.SECRET_KEY)} characters: it could be guessed.",
            hint="Make one with `openssl rand -base64 48`, and put the old one into SECRET_KEY_FALLBACKS.",
            id="gapless.W003",
        )
    ]


@register()
def check_sign_up(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """SIGN_UP must be a known mode: doors could read another value differently."""
    modes = settings.SIGN_UP_MODES
    if settings.SIGN_UP in modes:
        return []
    return [Error(f"SIGN_UP is {settings.SIGN_UP!r}, but must be one of {', '.join(modes)}.", id="gapless.E004")]
