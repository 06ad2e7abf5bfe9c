"""Child processes that end with their parent, however it ends."""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence

#: PR_SET_PDEATHSIG of linux/prctl.h.
_PARENT_DEATH_SIGNAL = 1


def die_with_parent(signal_number: int) -> Callable[[], None]:
    """For subprocess' preexec_fn: the kernel sends the child this signal when the thread that started it is gone."""
    libc = ctypes.CDLL(None, use_errno=True)

    def before_exec() -> None:
        libc.prctl(_PARENT_DEATH_SIGNAL, signal_number)

    return before_exec


def run_apart(
    *arguments: str, descriptors: Sequence[int], within: float, given: bytes = b""
) -> subprocess.CompletedProcess[bytes] | None:
    """A Python of its own for what strangers sent, isolated from ours; None where it took longer than so many seconds.

    `arguments`: after `python -I`. `descriptors`: the open files that it may use; `given`: what it reads from its input.
    """
    try:
        return subprocess.run(
            [sys.executable, "-I", *arguments],
            pass_fds=descriptors,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=within,
            preexec_fn=die_with_parent(signal.SIGKILL),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
