"""The address and the login of a mailbox, from IMAP_URL. Knows nothing of Django."""

import ipaddress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

Security = Literal["tls", "starttls", "none"]
_SECURITY: dict[str, tuple[Security, int]] = {
    "imap+ssl": ("tls", 993),
    "imap+tls": ("starttls", 143),
    "imap": ("none", 143),
}


@dataclass(frozen=True, slots=True)
class Mailbox:
    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    folder: str

    def __str__(self) -> str:
        """The unique name for people and for the row, without the password."""
        port = "" if self.port in (143, 993) else f":{self.port}"
        return f"{self.user} at {self.host}{port}/{self.folder}"


def mailbox(url: str) -> Mailbox:
    """Reads an imap+ssl://, imap+tls:// (STARTTLS) or imap:// URL. Raises ValueError, also if others could read the password:
    imap:// is for this machine alone.
    """
    parts = urlsplit(url)
    if parts.scheme not in _SECURITY or not parts.hostname or not parts.username or parts.password is None:
        raise ValueError
    security, port = _SECURITY[parts.scheme]
    if security == "none" and not _is_here(parts.hostname):
        raise ValueError
    return Mailbox(
        host=parts.hostname,
        port=parts.port or port,
        security=security,
        user=unquote(parts.username),
        password=unquote(parts.password),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
