"""The settings in force, in a form that anybody may see: of a secret only whether it is set."""

from urllib.parse import urlsplit

from django.conf import settings

from chatproject import env, env_urls
from chatproject.limits import PREFIX


def readings(*, only_changed: bool = False) -> list[env.Reading]:
    """The settings, ordered by name, limits last."""
    found = sorted(env.READINGS.values(), key=lambda each: (each.name.startswith(PREFIX), each.name))
    return [reading for reading in found if not (only_changed and reading.source == "default")]


def shown(reading: env.Reading) -> str:
    """The value in force: as read, or as computed by the settings; of a secret only whether it is set."""
    if reading.name in ("DATABASE_URL", "REDIS_URL"):
        is_own = reading.source == "default"
        return (
            f"embedded, in {settings.GAPLESS_DATA}"
            if is_own
            else ", ".join(map(_without_secrets, env_urls.urls(env.text(reading.name, is_secret=True))))
        )
    if reading.name == "IMAP_URL":
        return ", ".join(map(str, settings.IMAP_URL)) or "not set"
    if reading.is_secret:
        is_set = reading.source != "default" or bool(getattr(settings, reading.name, None))
        return "set, not shown" if is_set else "not set"
    value = getattr(settings, reading.name, reading.value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
