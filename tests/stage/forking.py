"""A process that forks others from itself when it is asked to: they begin with what it has loaded.

Knows nothing of the product, nor of what it has loaded.
"""

import atexit
import contextlib
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from delivery.children import die_with_parent

#: What is told of a fork: its process id, or 0 if it does not fit; then how it ended, as subprocess' returncode.
NUMBER = struct.Struct("q")
#: A request with its environment.
MOST_BYTES = 128 * 1024
STDIN, STDOUT, STDERR = range(3)

Fits = Callable[[dict[str, str]], bool]


def fork_when_asked(fits: Fits = lambda environ: True) -> None:
    """Forks for the process at the other end of standard input, until that end is closed.

    `fits`: asked in the fork, whether a process with this environment may begin with what is loaded here.
    """
    asked = socket.socket(fileno=os.dup(STDIN))
    # Ctrl-C is for the process that asks: with it this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with asked, selectors.DefaultSelector() as selector:
        selector.register(asked, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not asked:
                    selector.unregister(key.fileobj)
                    _tell_end(key.fd, *key.data)
                    continue
                request, passed, _, _ = socket.recv_fds(asked, MOST_BYTES, 2)
                if not request:
                    return
                pid = os.fork()
                if not pid:
                    _leave(selector)
                    _begin(json.loads(request), fits, *passed)
                for descriptor in passed[1:]:
                    os.close(descriptor)
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, passed[0]))


def _tell_end(descriptor: int, pid: int, told: int) -> None:
    _, status = os.waitpid(pid, 0)
    with contextlib.suppress(BrokenPipeError):
        os.write(told, NUMBER.pack(os.waitstatus_to_exitcode(status)))
    os.close(told)
    os.close(descriptor)


def _leave(selector: selectors.BaseSelector) -> None:
    # A fork has nothing of the others.
    for key in list(selector.get_map().values()):
        os.close(key.fd)
        if key.data:
            os.close(key.data[1])
    selector.close()


def _begin(request: dict[str, Any], fits: Fits, told: int, stdin: int | None = None) -> NoReturn:
    die_with_parent(signal.SIGKILL)()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _move(os.open(os.devnull, os.O_RDONLY) if stdin is None else stdin, to=STDIN)
    for stream, path in ((STDOUT, request["output"]), (STDERR, request["errors"])):
        _move(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), to=stream)
    os.chdir(request["cwd"])
    does_fit = False
    with contextlib.suppress(Exception):
        does_fit = fits(request["env"])
    os.write(told, NUMBER.pack(os.getpid() if does_fit else 0))
    os.close(told)
    if not does_fit:
        os._exit(0)
    os.environ.clear()
    os.environ.update(request["env"])
    _end_with(lambda: _run(request["arguments"]))


def _move(descriptor: int, *, to: int) -> None:
    os.dup2(descriptor, to)
    os.close(descriptor)


def _run(arguments: Sequence[str]) -> None:
    if arguments[0] == "-m":
        sys.argv = list(arguments[1:])
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(arguments)
        runpy.run_path(arguments[0], run_name="__main__")


def _end_with(run: Callable[[], None]) -> NoReturn:
    # As the interpreter ends, but for taking apart what was loaded.
    code: Any = 0
    try:
        run()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code or 0)
