"""Tells systemd about a service of Type=notify, by its protocol (sd_notify(3)). Without systemd it does nothing."""

import contextlib
import os
import socket
import time

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"
#: How often systemd, and the parent of web processes, are told that we are alive; the unit's WatchdogSec= must be far longer.
ALIVE_SECONDS = 1.0


def send_to_systemd(*states: str) -> None:
    """Sends a message, only from the process that systemd started. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        # An address in the abstract namespace is spelled with @.
        line.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        line.sendall("\n".join(states).encode())


def status(sentence: str) -> str:
    """Sets the text that `systemctl status` shows."""
    return f"STATUS={sentence}"


def reloading() -> tuple[str, str]:
    """Until the next READY; since when, by the clock that systemd compares."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}"
