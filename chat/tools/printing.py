"""The output of commands: a secret that could not be printed is not kept, and a closed pipe does not stop long work."""

import contextlib
from collections.abc import Callable, Iterator

from django.core.management.base import CommandError, OutputWrapper
from django.db import transaction


@contextlib.contextmanager
def kept_if_printed(stdout: OutputWrapper) -> Iterator[None]:
    """Commits what the block creates only if its output was printed: a password that nobody saw must not exist.

    Raises CommandError if the output can't be written: the pipe is closed (`| head -1`), the disk is full.
    """
    try:
        with transaction.atomic():
            yield
            stdout.flush()
    except BrokenPipeError:
        raise CommandError("nothing was made: nobody reads what is told") from None
    except OSError as error:
        raise CommandError(f"nothing was made: {error}") from None


def step_printer(stderr: OutputWrapper, *, of: str) -> Callable[[str], None]:
    """Prints each step of the work named `of`; the work continues when nobody reads the output any more."""

    def tell(step: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            stderr.write(f"{of}: {step}")

    return tell
