"""The order in which the pytest processes of bin/test take the files: the longest first, so that all end together.

What is short comes by the web processes that it shares with others, which end with the last file that asks for them.
"""

from collections.abc import Mapping
from pathlib import PurePath

import pytest
from xdist.scheduler import LoadFileScheduling

#: Beginnings of paths below tests/; all others come after these.
LONGEST = (
    *("faults/test_faults.py", "faults/", "browser/", "chat/support/browser/", "chatproject/test_connection_bounds.py"),
    *("chatproject/test_starting.py", "chatproject/test_processes.py", "test_laws.py", "chat/api/test_api_schema.py"),
)
#: Then those that ask for most web processes.
SHARING = (frozenset({"servers"}), frozenset({"servers", "processes"}), frozenset({"processes"}), frozenset[str]())
#: All of it goes to one process: its files share a cluster, which takes longer to start than most of them last.
TOGETHER = "tests/faults/"


class Sharing(LoadFileScheduling):
    """Whole files, and one room whole."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else str(super()._split_scope(nodeid))


def longest_first(items: list[pytest.Item], root: PurePath, asked: Mapping[str, frozenset[str]]) -> None:
    """Whole files, within which the order stays. `asked`: of each file, which shared web processes it asks for."""

    def place(item: pytest.Item) -> tuple[int, int, str]:
        path = item.path.relative_to(root).as_posix()
        early = next((n for n, beginning in enumerate(LONGEST) if path.startswith(beginning)), len(LONGEST))
        return early, SHARING.index(asked[str(item.path)]) if early == len(LONGEST) else 0, path

    items.sort(key=place)
