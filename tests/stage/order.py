"""In which order the pytest processes of bin/test take the files: what lasts longest first, so that all end together."""

from pathlib import PurePath

import pytest
from xdist.scheduler import LoadFileScheduling

#: Beginnings of paths below tests/; all others come after these.
LONGEST = (
    *("faults/test_faults.py", "faults/", "browser/", "chatproject/test_starting.py", "chatproject/test_door.py"),
    *("chatproject/test_processes.py", "chatproject/test_reach.py", "test_laws.py", "chat/support/browser/"),
    *("chat/api/test_api_schema.py", "chatproject/", "delivery/", "presence/", "chat/admin/", "chat/support/"),
)
#: All of it goes to one process: its files share a cluster, which takes longer to start than most of them last.
TOGETHER = "tests/faults/"


class Sharing(LoadFileScheduling):
    """Whole files, and one room whole."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else str(super()._split_scope(nodeid))


def longest_first(items: list[pytest.Item], root: PurePath) -> None:
    """Whole files, within which the order stays."""
    items.sort(key=lambda item: _place(item.path.relative_to(root).as_posix()))


def _place(path: str) -> tuple[int, str]:
    return next((n for n, beginning in enumerate(LONGEST) if path.startswith(beginning)), len(LONGEST)), path
