"""Loads a library without what it uses only where that is installed, and nobody here uses: each process would keep it in memory."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def without(*packages: str) -> Iterator[None]:
    """Within the block none of these packages is installed, as far as an import sees; afterwards all is as before."""
    before = {package: sys.modules.get(package) for package in packages}
    sys.modules.update(dict.fromkeys(packages))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for package, module in before.items():
            del sys.modules[package]
            if module is not None:
                sys.modules[package] = module
