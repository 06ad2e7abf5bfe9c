"""Django's settings: one file, read from the environment by typed readers; checks.py finds contradictions."""

import logging
import secrets
import sys
from pathlib import Path
from typing import Any

from chat.middleware.watched import ALWAYS_ANSWERED
from chatproject import env, env_urls, fixed_settings, logs
from chatproject.embedded.services import Services
from chatproject.embedded.start import needs_services
from chatproject.limits import PREFIX as _PREFIX
from chatproject.limits import Limits as _Limits
from chatproject.postgresql.options import connection_options
from chatproject.serving.editions import edition
from delivery.redis import layer_host

BASE_DIR = env.BASE_DIR

#: All limits of the product; see limits.py.
LIMITS = env.override(_Limits(), prefix=_PREFIX)

#: Shows tracebacks in pages. Never on a machine that others reach.
DEBUG = env.boolean("DEBUG", False)
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, least=1, most=65535)
#: Web processes of one `serve`.
WEB_WORKERS = env.integer("WEB_WORKERS", 2, least=1, most=64)
#: Where the embedded services keep their data, and the generated secret key.
GAPLESS_DATA = env.path("GAPLESS_DATA", BASE_DIR / ".data")


def _secret_key() -> str:
    given = env.text("SECRET_KEY", is_secret=True)
    if given:
        return given
    kept = GAPLESS_DATA / "secret_key"
    try:
        return kept.read_text()
    except FileNotFoundError:
        return _keep_secret_key(kept)
    except OSError as error:
        raise env.EnvError(f"{kept} can't be read ({error.strerror}): set SECRET_KEY or GAPLESS_DATA.") from None


def _keep_secret_key(kept: Path) -> str:
    try:
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        draft = kept.with_name(f"secret_key.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        # The first of several processes wins: link() fails when the name is taken.
        try:
            kept.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return kept.read_text()
    except OSError as error:
        raise env.EnvError(f"{kept} can't be written ({error.strerror}): set SECRET_KEY or GAPLESS_DATA.") from None


#: Signs sessions and tokens. Generated once and kept in GAPLESS_DATA when not set.
SECRET_KEY = _secret_key()
#: Older keys, still honoured for reading.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", [], is_secret=True)
#: Host names of the pages.
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
#: The origins of browsers, exactly as they send them: scheme, host and port.
_GIVEN_ORIGINS = env.origins("ALLOWED_ORIGINS", [])
_LOCAL_ORIGINS = [f"http://localhost:{PORT}", f"http://127.0.0.1:{PORT}", f"http://[::1]:{PORT}"]
ALLOWED_ORIGINS = _GIVEN_ORIGINS or _LOCAL_ORIGINS
_IS_HTTPS = all(origin.startswith("https://") for origin in ALLOWED_ORIGINS)
#: The beginning of links that are shown outside of a page: the first https origin, else the first.
PUBLIC_URL = next((origin for origin in ALLOWED_ORIGINS if origin.startswith("https://")), ALLOWED_ORIGINS[0])

INSTALLED_APPS = [
    # First: its runserver is daphne's. Daphne itself is no app here: every process would load twisted, which only it needs.
    "chatproject.apps.ChatprojectConfig",
    "chatproject.apps.GaplessAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "rest_framework",
    "drf_spectacular_sidecar",
    "delivery",
    "presence",
    "chat",
    "chat.support",
    "chat.files",
]

MIDDLEWARE = fixed_settings.MIDDLEWARE

ROOT_URLCONF = "chatproject.urls"
ASGI_APPLICATION = "chatproject.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# ---- PostgreSQL: the letterbox -------------------------------------------------------------------------------------

_EMBEDDED = Services(GAPLESS_DATA) if needs_services() else None


def _pool_size() -> int:
    # All processes together stay under what the server takes, with a few left for commands.
    return max(2, min(LIMITS.pool, (LIMITS.server_connections - 6) // WEB_WORKERS))


_DATABASE: dict[str, Any] = (
    {"NAME": "gapless", "USER": "gapless", "HOST": str(_EMBEDDED.sockets)}
    if _EMBEDDED
    else env_urls.database("DATABASE_URL")
)
#: Connections that one process may hold.
DATABASE_POOL = _pool_size()
DATABASES = {
    "default": {
        **_DATABASE,
        # Django's own backend, with its connections and statements counted, and dead connections found without asking.
        "ENGINE": "chatproject.postgresql",
        # Under ASGI a connection that outlives its request leaks (ticket 33497): the pool keeps them instead.
        "CONN_MAX_AGE": 0,
        "OPTIONS": connection_options(_DATABASE, LIMITS, pool_size=DATABASE_POOL),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# ---- Redis: the doorbell -------------------------------------------------------------------------------------------

#: All servers carry announcements, each for its share of the channels; the first does everything else.
REDIS_URLS = [_EMBEDDED.redis_url] if _EMBEDDED else env_urls.redis("REDIS_URL")
REDIS_URL = REDIS_URLS[0]
CHANNEL_LAYERS = {
    "default": {
        # The other layer of channels_redis breaks with redis 8 (channels_redis#422).
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [layer_host(url, socket_timeout=2, socket_connect_timeout=1) for url in REDIS_URLS],
            "prefix": "gapless",
        },
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"pool_class": "delivery.redis.Pool", "socket_timeout": 1, "socket_connect_timeout": 1},
        "KEY_PREFIX": "gapless",
    },
    # What guards links goes on without Redis, by each process.
    "links": {
        "BACKEND": "chat.allowances.links.LinksCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"pool_class": "delivery.redis.Pool", "socket_timeout": 1, "socket_connect_timeout": 1},
        "KEY_PREFIX": "gapless-links",
    },
}

# ---- Who is who ----------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "chat.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = fixed_settings.PASSWORD_HASHERS
AUTH_PASSWORD_VALIDATORS = fixed_settings.AUTH_PASSWORD_VALIDATORS
#: Who may create an account: open: everybody; invite: people with an invitation link; closed: nobody. The link on the console
#: creates the first one, the owner's.
SIGN_UP_MODES = ("open", "invite", "closed")
SIGN_UP = env.choice("SIGN_UP", "invite", SIGN_UP_MODES)
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
# In PostgreSQL, so that nobody is signed out when Redis is gone.
SESSION_ENGINE = "chat.middleware.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = _IS_HTTPS
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
# Under https no other host can set or overwrite them. Processes behind one origin have one name, whatever their ports; two
# local instances share their host's cookies, and the port keeps their sessions apart.
_COOKIE_PREFIX = "__Host-" if _IS_HTTPS else ""
_COOKIE_SUFFIX = "" if _GIVEN_ORIGINS else f"_{PORT}"
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}gapless_session{_COOKIE_SUFFIX}"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}gapless_csrf{_COOKIE_SUFFIX}"
# Not in a cookie of its own, whose name no setting can change.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
#: The header with the browser's scheme; it counts only if a proxy of yours sets it.
if env.boolean("BEHIND_TLS_PROXY", _IS_HTTPS):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# A proxy ends TLS and says so; a request without it is sent there. Health and figures are asked for from inside.
SECURE_SSL_REDIRECT = _IS_HTTPS
SECURE_REDIRECT_EXEMPT = [f"^{path[1:]}$" for path in sorted(ALWAYS_ANSWERED)]
#: Seconds for which browsers insist on https once they have seen it: 30 days where every origin is https.
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 30 * 24 * 3600 if _IS_HTTPS else 0)
#: Networks of your own proxies: only their X-Forwarded-For counts.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES", [])

CONTENT_SECURITY_POLICY = fixed_settings.CONTENT_SECURITY_POLICY

#: Staff may send messages and requests, create and join channels without limits.
RATE_LIMIT_EXEMPT_STAFF = env.boolean("RATE_LIMIT_EXEMPT_STAFF", False)
#: Usernames without limits: the accounts of a load test, or of a program that you trust.
RATE_LIMIT_EXEMPT_USERS = env.words("RATE_LIMIT_EXEMPT_USERS", [])
RATELIMIT_USE_CACHE = "links"
# django-ratelimit knows only Memcached and its own list of Redis backends; Django's RedisCache increments atomically.
# security.W005, W021: one host does not decide about https for its neighbours, nor for ever.
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001", "django_ratelimit.E003", "security.W005", "security.W021"]

#: Days for which `manage.py prune` keeps messages; 0: for ever.
RETENTION_DAYS = env.integer("RETENTION_DAYS", 0, most=36_500)
#: The server that sends the support desk's mails: smtp://, smtp+tls:// or smtp+ssl://; empty: no mails are sent.
EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env_urls.mail("EMAIL_URL")
#: Mailboxes with customers' mails: imap+ssl://, imap+tls:// or, on this machine, imap://; several are separated by commas.
IMAP_URL = env_urls.mailboxes("IMAP_URL")
#: The bearer token for reading /metrics from anywhere; empty: only METRICS_ALLOWED may.
METRICS_TOKEN = env.text("METRICS_TOKEN", is_secret=True)
#: Networks from which /metrics may be read without a token, if no proxy is between.
METRICS_ALLOWED = env.networks("METRICS_ALLOWED", ["127.0.0.0/8", "::1"])
#: A port of its own for /metrics, which is then no path of the product; 0: none.
METRICS_PORT = env.integer("METRICS_PORT", 0, most=65535)
METRICS_HOST = env.text("METRICS_HOST", HOST)

# ---- Pages, files, API ---------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
STATIC_URL = "/static/"
STATIC_ROOT = GAPLESS_DATA / "static" / edition()
#: Of files that are on their way. They have no name there, and are gone with the process.
FILES_SCRATCH = GAPLESS_DATA / "incoming"
STORAGES = {
    # The files of messages, in a folder or in a bucket: docs/files.md.
    "default": env_urls.files("FILES_URL", GAPLESS_DATA / "files"),
    "staticfiles": {"BACKEND": "chatproject.serving.assets.HashedAssets"},
}
# `serve` collects what the pages need: names with a hash, which browsers keep for ever. The rest (the admin, the API's page)
# is found where it lies; browsers ask for it each time and mostly hear 304.
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_MAX_AGE = 0
SERVESTATIC_ALLOW_ALL_ORIGINS = False
SERVESTATIC_AUTOREFRESH = DEBUG

REST_FRAMEWORK = fixed_settings.REST_FRAMEWORK

# ---- Logs ------------------------------------------------------------------------------------------------------------

#: json: one object a line, for machines; text: for people. Default: text on a terminal.
LOG_FORMAT = env.choice("LOG_FORMAT", "text" if sys.stderr.isatty() else "json", logs.FORMATS)
#: The level of our own log lines. DEBUG logs every request, INFO refused requests.
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logs.configuration(form=LOG_FORMAT, level=LOG_LEVEL)
DJANGO_STRUCTLOG_USER_ID_FIELD = None  # it would be read from the database before every request
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # personal data, and forged by a client that sets X-Forwarded-For
DJANGO_STRUCTLOG_STATUS_DEFAULT_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
