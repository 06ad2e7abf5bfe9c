"""What passes between the rooms: the verbs load the announcements, the client nothing of the server."""

import ast
import functools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.stage.servers import ROOT

APPS = ("chatproject", "chat", "presence", "delivery")
#: What of delivery a verb may load: the contract, the announcements, the interface to the rows; and what counts in Redis.
OF_ANNOUNCING = {"delivery", "delivery.bus", "delivery.bus.announcements", "delivery.bus.announcing", "delivery.source"}
OF_COUNTING = {
    "delivery.breaker",
    "delivery.metrics",
    "delivery.redis",
    "delivery.redis.sentinel",
    "delivery.redis.shared",
    "delivery.tasks",
}
#: What speaks to a server as its clients do.
SPEAKERS = ("delivery/client/", "delivery/load/", "chat/management/commands/probe_delivery.py")


def source_of(name: str) -> Path | None:
    path = ROOT / name.replace(".", "/")
    return next((found for found in (path.with_suffix(".py"), path / "__init__.py") if found.is_file()), None)


@functools.cache
def imports_of(path: Path) -> frozenset[str]:
    """Every module that a file imports, at whatever place: `from a import b` may be of a, and is of a.b where there is one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(found)


def loaded_by(room: str) -> set[str]:
    """The modules of ours that importing a room loads, directly or through others."""
    waiting = [f"{room}.{path.stem}" for path in (ROOT / room.replace(".", "/")).glob("*.py")] + [room]
    loaded: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in loaded or (path := source_of(name)) is None:
            continue
        loaded.add(name)
        waiting += [name.rpartition(".")[0], *imports_of(path)]
    return loaded


def sources() -> Iterator[tuple[str, Path]]:
    return ((str(path.relative_to(ROOT)), path) for app in APPS for path in (ROOT / app).rglob("*.py"))


def test_the_verbs_load_the_announcements_and_not_the_machinery() -> None:
    machinery = {name for name in loaded_by("chat.services") if name.partition(".")[0] == "delivery"}
    assert "delivery.bus.announcing" in machinery
    assert {name for name in machinery - OF_ANNOUNCING - OF_COUNTING if not name.startswith("delivery.wire")} == set()


def test_the_python_client_needs_nothing_of_the_server() -> None:
    assert {name for name in loaded_by("delivery.client") if not name.startswith("delivery.client")} == {"delivery"}


def test_the_clients_package_asks_for_what_the_client_imports() -> None:
    described = tomllib.loads((ROOT / "delivery/client/pyproject.toml").read_text())["project"]
    asked_for = {re.match(r"[\w-]+", dependency)[0] for dependency in described["dependencies"]}  # type: ignore[index]
    imported = {name.partition(".")[0] for path in (ROOT / "delivery/client").glob("*.py") for name in imports_of(path)}
    assert imported - sys.stdlib_module_names - {"delivery"} == asked_for


def test_the_python_client_follows_the_log_in_one_place() -> None:
    judges_gaps = [path.name for path in (ROOT / "delivery/client").glob("*.py") if '["after"]' in path.read_text()]
    assert judges_gaps == ["view.py"]


def test_nothing_that_serves_imports_the_client() -> None:
    for name, path in sources():
        if not name.startswith(SPEAKERS):
            assert not [module for module in imports_of(path) if module.startswith("delivery.client")], name


def test_what_runs_beside_is_started_in_a_nursery() -> None:
    begins = re.compile(r"\b(ensure_future|create_task)\(")
    # The client is a package of its own; it and the nursery have one place each.
    exempt, rooms = (
        ("delivery/tasks.py", "delivery/client/"),
        ("delivery/", "chat/live/", "chat/reads/", "chatproject/"),
    )
    beside = [name for name, path in sources() if begins.search(path.read_text()) and name.startswith(rooms)]
    assert [name for name in beside if not name.startswith(exempt)] == []


def test_redis_is_opened_in_one_room() -> None:
    opens = re.compile(r"\bfrom_url\(|\bRedis\(")
    assert [name for name, path in sources() if opens.search(path.read_text())] == ["delivery/redis/__init__.py"]


def test_a_script_of_redis_lies_beside_who_runs_it() -> None:
    assert [name for name, path in sources() if "redis.call(" in path.read_text()] == []
    for path in (path for app in APPS for path in (ROOT / app).rglob("*.lua")):
        assert any(f'"{path.name}"' in module.read_text() for module in path.parent.glob("*.py")), path


def test_the_machinery_lies_in_rooms_and_its_files_are_short() -> None:
    assert len(list((ROOT / "delivery").glob("*.py"))) <= 14
    for path in (ROOT / "delivery").rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 300, path
