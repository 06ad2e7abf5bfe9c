"""Imports a library without its optional dependencies that nothing here uses: they would cost memory in each process."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def blocked(*packages: str) -> Iterator[None]:
    """Within the block, importing one of these packages raises ImportError; afterwards all is as before."""
    before = {package: sys.modules.get(package) for package in packages}
    sys.modules.update(dict.fromkeys(packages))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for package, module in before.items():
            del sys.modules[package]
            if module is not None:
                sys.modules[package] = module
