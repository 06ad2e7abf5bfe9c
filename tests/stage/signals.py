"""What ends a program ends it here, whoever started the tests: a shell has what it runs in the background ignore two signals."""

import signal


def install() -> None:
    """In this process; what it starts inherits which signals are ignored."""
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
