"""Origins in the form that browsers send: scheme, host, and the port unless it is the scheme's own. Knows nothing of Django."""

import contextlib
import re
from urllib.parse import urlsplit

#: A host name or an address, without characters that have a meaning in a Content-Security-Policy.
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_PORTS = {"http": 80, "https": 443}


def as_sent(origin: str) -> str:
    """The origin as browsers send it. A slash at the end is left out. Raises ValueError with a sentence if it is no origin."""
    with contextlib.suppress(ValueError):
        parts = urlsplit(origin)
        host = (parts.hostname or "").encode("idna").decode()
        default = _PORTS.get(parts.scheme)
        port = "" if parts.port in (None, default) else f":{parts.port}"
        is_whole = origin.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
        if default and is_whole and _HOST.fullmatch(host):
            return f"{parts.scheme}://[{host}]{port}" if ":" in host else f"{parts.scheme}://{host}{port}"
    raise ValueError(f"{origin[:100]!r} is no origin: write scheme, host and port, such as https://www.example.com.")
