"""Reports errors to Sentry, without people's messages: no bodies, no variables, no queries, no secrets in URLs."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import sentry_sdk
from sentry_sdk.utils import BadDsn, Dsn

from chatproject.env import EnvError
from chatproject.request_log import without_secret
from chatproject.version import VERSION


def begin(dsn: str, environment: str) -> None:
    """Raises EnvError if the DSN can't be understood."""
    try:
        Dsn(dsn)
    except BadDsn:
        raise EnvError("SENTRY_DSN can't be understood: it must be a URL like https://key@host/project.") from None
    sentry_sdk.init(
        dsn=dsn,
        release=f"gapless@{VERSION}",
        environment=environment,
        send_default_pii=False,
        # Local variables contain messages that are being committed, and tokens.
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=without_what_is_said,
    )


def without_what_is_said(event: Any, hint: Any) -> Any:
    """Removes rows from PostgreSQL's errors (below the first line), and URLs, which may contain secrets."""
    for error in event.get("exception", {}).get("values", ()):
        error["value"] = (error.get("value") or "").split("\n", 1)[0]
    request = event.get("request", {})
    request.pop("query_string", None)
    request.pop("cookies", None)
    if "url" in request:
        url = urlsplit(request["url"])
        request["url"] = urlunsplit((url.scheme, url.netloc, without_secret(url.path), "", ""))
    return event
