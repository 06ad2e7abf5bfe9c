"""What systemd is told of a service of Type=notify, in its own words (sd_notify(3)). Elsewhere nobody listens."""

import contextlib
import os
import socket
import time

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"
#: How often it is told that we are alive, as is the parent of web processes; WatchdogSec= of the unit must be longer by far.
ALIVE_SECONDS = 1.0


def tell(*states: str) -> None:
    """Only the process that systemd started does so. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        # An address in the abstract namespace is spelled with @.
        line.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        line.sendall("\n".join(states).encode())


def status(sentence: str) -> str:
    """What `systemctl status` shows of us."""
    return f"STATUS={sentence}"


def reloading() -> tuple[str, str]:
    """Until the next READY; since when, by the clock that systemd compares."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"
