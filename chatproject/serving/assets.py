"""The pages' files, under names with a hash of their content, compressed once: browsers keep them for ever.

Each edition has its own folder, so an old file is never used as a new one; without an edition names stay as they are.
"""

import asyncio
import fcntl
import logging
import shutil
import threading
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.staticfiles.storage import StaticFilesStorage, staticfiles_storage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.security import SecurityMiddleware
from servestatic.middleware import ServeStaticMiddleware
from servestatic.storage import CompressedManifestStaticFilesStorage

from chatproject.serving.editions import SOURCES, served

logger = logging.getLogger("gapless.serve")

#: Processes that drain during a deploy still serve the edition with which they began.
KEPT_EDITIONS = 3


class SecuredFiles(ServeStaticMiddleware):
    """The library's middleware, before Django's SecurityMiddleware: files pass that here, in the loop, so that it is no visit to a
    thread for everything else.

    What was not collected (the admin's files, the API page's) is looked for when the first of it is asked for: of a start it would
    be a tenth, and most processes are never asked.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._looking, self._has_looked = threading.Lock(), False
        super().__init__(*arguments, **options)

    def add_files_from_finders(self) -> None:
        """Nothing yet: see _look."""

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not self._has_looked and path.startswith(self.static_prefix) and path not in self.files:
            await asyncio.to_thread(self._look)
        return await super().__call__(request)

    def _look(self) -> None:
        with self._looking:
            if not self._has_looked:
                super().add_files_from_finders()
                self._has_looked = True

    @staticmethod
    async def aserve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        answer = await ServeStaticMiddleware.aserve(static_file, request)
        return _security.process_request(request) or _security.process_response(request, answer)


def _unasked(request: HttpRequest) -> HttpResponse:
    raise AssertionError("only what comes before and after is asked for")


_security = SecurityMiddleware(_unasked)


class HashedAssets(CompressedManifestStaticFilesStorage):
    """Names of files that were not collected stay as they are: the server finds these files in their own folders."""

    def stored_name(self, name: str) -> str:
        return str(self.hashed_files.get(self.hash_key(self.clean_name(name)), name))

    def reload(self) -> None:
        """Loads what another process has collected meanwhile."""
        self.hashed_files, self.manifest_hash = self.load_manifest()


def collect() -> None:
    """Hashes and compresses the pages' files, once for each edition; several processes may call it at the same time."""
    if settings.DEBUG:
        return
    folder = Path(settings.STATIC_ROOT)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / ".complete").exists():
                _collect(folder)
    except OSError as error:
        logger.warning("pages are served uncompressed: %s can't be written (%s)", folder, error.strerror)
    _assets().reload()


def _assets() -> HashedAssets:
    return cast(HashedAssets, staticfiles_storage)


def _collect(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    source = StaticFilesStorage(location=SOURCES)
    names = list(served())
    for name in names:
        with source.open(name) as file:
            _assets().save(name, file)
    for name, _, processed in _assets().post_process({name: (source, name) for name in names}):
        if isinstance(processed, Exception):
            raise processed
        logger.debug("collected %s", name)
    (folder / ".complete").touch()
    editions = sorted(folder.parent.glob("*/.complete"), key=lambda mark: mark.stat().st_mtime)
    for mark in editions[:-KEPT_EDITIONS]:
        shutil.rmtree(mark.parent, ignore_errors=True)
