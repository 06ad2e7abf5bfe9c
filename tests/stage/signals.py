"""Signals that end a program end it here too: a shell makes its background programs ignore two of them."""

import signal


def install() -> None:
    """In this process; what it starts inherits which signals are ignored."""
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
