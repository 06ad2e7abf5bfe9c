"""The libraries of a web process, loaded once for all forked processes (tests.stage.forked).

Nothing here asks for settings, and nothing is ours. prometheus_client is left out: it reads the environment as it is imported.
"""

import gc
import importlib
import os
import sys

from tests.stage import hashing
from tests.stage.forking import fork_when_asked

#: Those that take longest.
LIBRARIES = (
    "django.contrib.admindocs.views",
    "django.contrib.postgres.fields",
    "django.core.asgi",
    "django.core.management.commands",
    "imapclient",
    "jwt",
    "markdown_it",
    "psycopg_pool",
    "redis.asyncio",
    "rest_framework.response",
    "servestatic.asgi",
    "stamina",
    "structlog",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)


def main() -> None:
    # What a web process compiles is kept for the next, also where the machine says otherwise.
    sys.dont_write_bytecode = False
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    for library in LIBRARIES:
        importlib.import_module(library)
    hashing.install()
    gc.freeze()
    fork_when_asked()


if __name__ == "__main__":
    main()
