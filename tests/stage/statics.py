"""Finds the static files once: each test client builds all middleware anew, and one of it reads hundreds of files."""

import functools
from collections.abc import Callable
from typing import Any

from servestatic.middleware import ServeStaticMiddleware


def install() -> None:
    for name in ("add_files_from_finders", "add_files_from_manifest"):
        setattr(ServeStaticMiddleware, name, _once(getattr(ServeStaticMiddleware, name)))


def _once(look: Callable[[Any], None]) -> Callable[[Any], None]:
    found: dict[str, Any] = {}

    @functools.wraps(look)
    def looked(middleware: Any) -> None:
        if not found:
            look(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    return looked
