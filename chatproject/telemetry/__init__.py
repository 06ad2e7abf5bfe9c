"""Optional telemetry: errors to Sentry, traces over OpenTelemetry. The libraries are loaded only if they are configured."""

import importlib
import importlib.util

from chatproject import env, env_urls

SENTRY_DSN = env.text("SENTRY_DSN", is_secret=True)
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", "production")
#: The standard variables of OpenTelemetry; its library reads these and its other variables by itself.
_ENDPOINT = env_urls.http_url("OTEL_EXPORTER_OTLP_ENDPOINT") or env_urls.http_url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOL = env.choice("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", ("http/protobuf",))
_EXPORTER = env.choice("OTEL_TRACES_EXPORTER", "otlp" if _ENDPOINT else "none", ("otlp", "console", "none"))
_IS_TRACED = _EXPORTER != "none" and not env.boolean("OTEL_SDK_DISABLED", False)


def begin() -> None:
    """Begins to report logged errors; for every process. Raises EnvError if a library is missing."""
    if _IS_TRACED:
        _require("opentelemetry", because="OTEL_EXPORTER_OTLP_ENDPOINT")
    if SENTRY_DSN:
        _require("sentry_sdk", because="SENTRY_DSN")
        importlib.import_module("chatproject.telemetry.reports").begin(SENTRY_DSN, SENTRY_ENVIRONMENT)


def trace() -> None:
    """Begins to trace messages and requests; for web processes."""
    if _IS_TRACED:
        importlib.import_module("chatproject.telemetry.traces").begin(_EXPORTER)


def _require(library: str, *, because: str) -> None:
    if importlib.util.find_spec(library) is None:
        raise env.EnvError(
            f"{because} is set, but {library} is not installed: pip install -r requirements-telemetry.txt"
        )
