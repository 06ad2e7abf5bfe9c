"""Who may import whom, and other shapes of the house that a machine can hold."""

import ast
import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproject import tables
from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

APPS = ("chatproject", "chat", "presence", "delivery")
ALLOWED = {
    "chatproject": {"chatproject", "chat", "presence", "delivery"},
    "chat": {"chat", "presence", "delivery"},
    "presence": {"presence"},
    "delivery": {"delivery"},
}
TOP_LEVEL = {
    *("manage.py", "chatproject", "chat", "presence", "delivery", "templates", "requirements.txt", "tests", "Procfile"),
    *("README.md", "pyproject.toml", "bin", "Dockerfile", "deploy", "benchmarks", "requirements-dev.txt"),
    "requirements-telemetry.txt",
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md", "docs"),
}

#: A file that is longer is split by idea, not by size.
MOST_LINES = 300
#: More than these, and they belong into rooms.
MOST_LOOSE = 14


def modules(app: str) -> Iterator[Path]:
    return (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def statements(block: ast.AST, *, is_inside: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """All below it, and whether they stand inside a function. Expressions hold none, and are left out: they are most of it."""
    for node in ast.iter_child_nodes(block):
        if not isinstance(node, ast.expr):
            yield node, is_inside
            yield from statements(node, is_inside=is_inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node, _ in statements(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("app", APPS)
def test_imports_point_downward(app: str) -> None:
    for path in modules(app):
        upward = (imported(path) & set(APPS)) - ALLOWED[app]
        assert not upward, f"{path.relative_to(ROOT)} imports {upward}"


@pytest.mark.parametrize("app", APPS)
def test_nothing_is_imported_inside_a_function(app: str) -> None:
    for path in modules(app):
        for node, is_inside in statements(parsed(path)):
            if is_inside:
                assert not isinstance(node, ast.Import | ast.ImportFrom), f"{path.relative_to(ROOT)}:{node.lineno}"


def written() -> list[Path]:
    """What people write here, and git keeps; but for migrations, which Django writes, and what others wrote."""
    done = subprocess.run(
        ["git", "ls-files", "*.py", "*.js", "*.css", "bin"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [name for name in done.stdout.split() if "/migrations/" not in name and "/vendor/" not in name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_no_file_has_more_than_three_hundred_lines() -> None:
    found = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in written()}
    assert {name: lines for name, lines in found.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize("room", ["delivery", "chat"])
def test_a_room_has_few_loose_files(room: str) -> None:
    loose = sorted(path.name for path in (ROOT / room).glob("*.py"))
    assert len(loose) <= MOST_LOOSE, loose


def test_no_test_file_imports_another() -> None:
    pattern = re.compile(r"^\s*(?:from|import) tests\.(?:\w+\.)*test_\w+", re.MULTILINE)
    found = {str(path.relative_to(ROOT)): pattern.findall(path.read_text()) for path in (ROOT / "tests").rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines} == {}, "what two tests share lies in tests/stage"


@pytest.mark.parametrize("app", APPS)
def test_every_module_says_what_it_is_for(app: str) -> None:
    exempt = {"__init__.py", "urls.py", "apps.py"}
    for path in modules(app):
        if path.name not in exempt:
            assert ast.get_docstring(parsed(path)), path.relative_to(ROOT)


def test_every_room_says_what_it_holds() -> None:
    assert [room for room, says in tables.described_rooms(ROOT) if not says] == []


@pytest.mark.parametrize("app", APPS)
def test_there_are_no_signals_and_no_save_overrides(app: str) -> None:
    for path in modules(app):
        text = path.read_text()
        assert not re.search(r"^from django\.(db\.models|core|dispatch).*signal", text, re.MULTILINE), path
        assert "def save(" not in text, path


def test_rows_are_written_only_by_services() -> None:
    writes = re.compile(r"\.(save|create|bulk_create|update|delete|get_or_create|update_or_create)\(")
    for path in modules("chat"):
        name = str(path.relative_to(ROOT))
        # The verbs; and what makes a filled instance for measuring or for tests.
        if name.startswith(("chat/services/", "chat/support/services/", "chat/files/services/", "chat/tools/")):
            continue
        for line in path.read_text().splitlines():
            if "objects" in line:
                assert not writes.search(line), f"{name}: {line.strip()}"


def test_the_top_level_is_what_was_agreed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    found = {name.split("/")[0] for name in tracked if name and not name.startswith(".")}
    assert found <= TOP_LEVEL, found - TOP_LEVEL


def test_the_embedded_services_know_nothing_of_django() -> None:
    code = "import chatproject.embedded.services, chatproject.embedded.keeper, sys; assert 'django' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
