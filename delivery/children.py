"""Child processes that end with their parent, however it ends."""

import ctypes
from collections.abc import Callable

#: PR_SET_PDEATHSIG of linux/prctl.h.
_PARENT_DEATH_SIGNAL = 1


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """For subprocess' preexec_fn: the kernel sends the child this signal when the thread that started it is gone."""
    libc = ctypes.CDLL(None, use_errno=True)

    def before_exec() -> None:
        libc.prctl(_PARENT_DEATH_SIGNAL, signal_number)

    return before_exec
