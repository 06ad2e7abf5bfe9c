"""Every number: one place, an override, a line of documentation, and a test that holds it at n and n + 1."""

import ast
import dataclasses
import re
from collections import defaultdict
from functools import cache

import pytest

from chatproject import checks, env
from chatproject.limits import Limits
from tests.stage.fresh import setting
from tests.stage.servers import ROOT


@cache
def held() -> dict[str, set[str]]:
    """The tests that say of themselves that they hold a limit, by its name."""
    found: dict[str, set[str]] = defaultdict(set)
    sources = {path: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    for path in (path for path, source in sources.items() if "mark.holds" in source):
        for function in ast.walk(ast.parse(sources[path])):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for limit in (name for mark in function.decorator_list for name in holds(mark)):
                    found[limit].add(f"{path.name}::{function.name}")
    return found


def holds(mark: ast.expr) -> list[str]:
    is_meant = isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.holds"
    return [ast.literal_eval(name) for name in mark.args] if is_meant else []


@pytest.mark.fast
@pytest.mark.parametrize("field", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_a_limit_is_documented_and_held_by_a_test(field: "dataclasses.Field[int]") -> None:
    assert field.metadata["unit"]
    assert field.metadata["exceeded"]
    source = (ROOT / "chatproject" / "limits.py").read_text()
    assert re.search(rf"#: .*\n    {field.name}: int", source), "a comment above it says what it is"
    assert field.name in held(), f'no test says of itself that it holds this: @pytest.mark.holds("{field.name}")'


@pytest.mark.fast
def test_what_tests_hold_are_limits() -> None:
    assert set(held()) == {field.name for field in dataclasses.fields(Limits)}


@pytest.mark.fast
def test_the_limits_are_those_of_the_design() -> None:
    limits = Limits()
    assert (limits.message_bytes, limits.frame_bytes, limits.messages_per_minute) == (2048, 16384, 60)
    assert (limits.members, limits.lane_waiting, limits.batch, limits.page) == (100, 1000, 50, 20)
    assert (limits.heartbeat_seconds, limits.silent_seconds, limits.opening_seconds) == (30, 75, 5)
    assert (limits.replay_changes, limits.replay_hours) == (1000, 24)
    assert (limits.outbox_soft_bytes, limits.outbox_bytes, limits.outbox_frames) == (65536, 1048576, 1000)
    assert (limits.pool, limits.statement_seconds, limits.idle_seconds, limits.server_connections) == (20, 5, 30, 50)


@pytest.mark.fast
def test_any_limit_can_be_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPLESS_LIMIT_PAGE", "7")
    assert env.override(Limits(), prefix="GAPLESS_LIMIT_").page == 7
    monkeypatch.setenv("GAPLESS_LIMIT_PAGE", "many")
    with pytest.raises(env.EnvError, match="GAPLESS_LIMIT_PAGE"):
        env.override(Limits(), prefix="GAPLESS_LIMIT_")


@pytest.mark.holds("pool", "server_connections")
@pytest.mark.parametrize(("workers", "pool"), [(1, 20), (2, 20), (3, 14), (4, 11)])
def test_all_pools_together_stay_under_what_the_server_takes(workers: int, pool: int) -> None:
    said = setting("DATABASE_POOL", WEB_WORKERS=str(workers), GAPLESS_LIMIT_POOL="20")
    assert said == str(pool)
    assert workers * pool < 50


@pytest.mark.fast
def test_too_many_processes_are_warned_of(settings: object) -> None:
    settings.WEB_WORKERS, settings.DATABASE_POOL = 3, 20  # type: ignore[attr-defined]
    assert [found.id for found in checks.check_pool(None)] == ["gapless.W001"]
    settings.WEB_WORKERS = 2  # type: ignore[attr-defined]
    assert checks.check_pool(None) == []


@pytest.mark.holds("statement_seconds", "lock_seconds", "idle_seconds")
def test_statements_and_locks_have_an_end() -> None:
    options = setting("DATABASES['default']['OPTIONS']")
    assert "statement_timeout=5000" in options
    assert "lock_timeout=2000" in options
    assert "'max_idle': 30" in options


@pytest.mark.fast
def test_limits_that_the_database_keeps_can_only_be_lowered(settings: object) -> None:
    settings.LIMITS = Limits(message_bytes=2049, members=101)  # type: ignore[attr-defined]
    assert [found.id for found in checks.check_lowered_limits(None)] == ["gapless.E002", "gapless.E002"]


@pytest.mark.fast
def test_a_misspelled_limit_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPLESS_LIMIT_MESAGE_BYTES", "7")
    monkeypatch.setenv("GAPLESS_LIMIT_POOL", "7")
    [found] = checks.check_names_of_limits(None)
    assert (found.id, found.msg.split()[0]) == ("gapless.W002", "GAPLESS_LIMIT_MESAGE_BYTES")


@pytest.mark.fast
def test_env_example_names_every_setting_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text()
    read = set(re.findall(r'env(?:_urls)?\.\w+\("([A-Z_]+)"', (ROOT / "chatproject" / "settings.py").read_text()))
    for name in read:
        assert re.search(rf"^#{name}=", example, re.MULTILINE), name
