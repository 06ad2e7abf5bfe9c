"""What a command tells: a secret that could not be told is not kept, and who has stopped reading stops no long work."""

import contextlib
from collections.abc import Callable, Iterator

from django.core.management.base import CommandError, OutputWrapper
from django.db import transaction


@contextlib.contextmanager
def kept_if_told(stdout: OutputWrapper) -> Iterator[None]:
    """What is made in the block is there once it was told, all of it or nothing: a password that nobody saw opens nothing.

    Raises CommandError when it can't be told: the pipe is closed (`| head -1`), the disk is full.
    """
    try:
        with transaction.atomic():
            yield
            stdout.flush()
    except BrokenPipeError:
        raise CommandError("nothing was made: nobody reads what is told") from None
    except OSError as error:
        raise CommandError(f"nothing was made: {error}") from None


def step_teller(stderr: OutputWrapper, *, of: str) -> Callable[[str], None]:
    """Tells each step of the work `of` so called to who reads; the work goes on when nobody does any more."""

    def tell(step: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            stderr.write(f"{of}: {step}")

    return tell
