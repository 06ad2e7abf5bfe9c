"""A release has one number, and says of which commit it was made."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproject import env, version

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    version.commit.cache_clear()
    yield
    version.commit.cache_clear()


def test_a_release_has_a_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", version.VERSION)


def test_an_image_says_its_commit_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMIT", "0123abcd")
    assert version.commit() == "0123abcd"


def test_a_checkout_is_asked_for_its_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(env, "BASE_DIR", tmp_path)
    assert version.commit() == version.UNKNOWN, "a folder that is no checkout"
    version.commit.cache_clear()
    who = ("-c", "user.name=alice", "-c", "user.email=alice@example.com")
    for command in (["init", "-q"], [*who, "commit", "-q", "--allow-empty", "-m", "Begin"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert re.fullmatch("[0-9a-f]{12}", version.commit())
