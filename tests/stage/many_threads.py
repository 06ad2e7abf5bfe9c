"""Runs one verb in many threads at once."""

import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connections


def in_threads(count: int, work: Callable[[int], object]) -> list[BaseException]:
    failures: list[BaseException] = []
    start = threading.Barrier(count)
    # Who has a connection is not asked here: on a busy machine a hundred would wait too long for ten.
    connected = threading.Semaphore(settings.DATABASE_POOL)

    def run(place: int) -> None:
        try:
            start.wait()
            with connected:
                work(place)
                connections.close_all()
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[place]) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
