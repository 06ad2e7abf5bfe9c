"""The server under test, by its address."""

import urllib.request


def answers(url: str) -> bool:
    """Whether a server is alive there; asks /healthz, and gives up after 5 s."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5):  # noqa: S310 (the operator's own address)
            return True
    except (OSError, ValueError):
        return False


def socket_url(url: str) -> str:
    """http://host → ws://host/ws/, and with TLS likewise."""
    return url.replace("http", "ws", 1) + "/ws/"
