"""System checks: they find contradictory settings before the first request."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def check_origins(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """The server compares origins as strings: each must be exactly what a browser sends."""
    return [
        Error(
            f"ALLOWED_ORIGINS has {origin!r}, which no browser sends.",
            hint="Write scheme://host[:port], without a path or a slash at the end.",
            id="gapless.E001",
        )
        for origin in settings.ALLOWED_ORIGINS
        if origin.count("/") != 2 or not origin.startswith(("http://", "https://"))
    ]


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
def check_sign_up(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """SIGN_UP must be a known mode: doors could read another value differently."""
    modes = settings.SIGN_UP_MODES
    if settings.SIGN_UP in modes:
        return []
    return [Error(f"SIGN_UP is {settings.SIGN_UP!r}, but must be one of {', '.join(modes)}.", id="gapless.E004")]
