"""The listening socket of `serve`, shared by all web processes: one that it was given, or one at its own address."""

import os
import socket

#: Connections that wait for a web process to take them, while it is busy or is being replaced.
BACKLOG = 2048
#: The first descriptor that systemd hands over (sd_listen_fds(3)).
FIRST_HANDED = 3


class ListenError(Exception):
    """`serve` can't listen at the address; the text is one sentence."""


def handed_over() -> socket.socket | None:
    """The socket at which systemd, or a program with its protocol, listens for us; None if there is none.

    It stays open while we restart: clients wait in its queue meanwhile. Raises ListenError.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = os.environ.get("LISTEN_FDS", "0")
    if count != "1":
        raise ListenError(f"{count} sockets were handed over, but one is served: keep one ListenStream=.")
    os.set_inheritable(FIRST_HANDED, False)
    listener = socket.socket(fileno=FIRST_HANDED)
    if listener.family not in (socket.AF_INET, socket.AF_INET6) or not _listens(listener):
        raise ListenError("the socket that was handed over does not listen for TCP: set ListenStream= to address:port.")
    return listener


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


def _listens(listener: socket.socket) -> bool:
    return bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
