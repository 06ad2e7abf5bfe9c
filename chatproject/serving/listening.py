"""Where `serve` listens: an address of its own, opened once and handed to every web process."""

import socket

#: Connections that wait for a web process to take them, while it is busy or is being replaced.
BACKLOG = 2048


class ListenError(Exception):
    """The address can't be listened on; the text is one sentence."""


def listen(host: str, port: int, *, names: str = "PORT or HOST") -> socket.socket:
    """A listening socket. Raises ListenError with the reason, and the settings that name it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # `::` is every address of both families, whatever the machine's default.
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ListenError(f"can't listen on {host}:{port} ({error.strerror}): set {names}.") from None
    listener.listen(BACKLOG)
    return listener
