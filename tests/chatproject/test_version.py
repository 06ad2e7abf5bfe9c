"""A release has one version, and names its commit."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproject import env, version
from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    version.commit.cache_clear()
    yield
    version.commit.cache_clear()


def test_a_release_has_a_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", version.VERSION)


def test_its_number_is_that_of_the_changelog_of_the_images_of_the_client_and_of_the_page_that_leads_there() -> None:
    numbers = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert numbers[:1] in ([], [version.VERSION]), "none before the first release"
    named = {
        "Dockerfile": r"-t gapless:([\d.]+)",
        "deploy/compose/compose.yaml": r"image: gapless:\$\{VERSION:-([\d.]+)\}",
        "deploy/kubernetes/gapless.yaml": r"image: \S+/gapless:([\d.]+)",
        "deploy/kubernetes/migrate.yaml": r"image: \S+/gapless:([\d.]+)",
        "docs/deploying.md": r"--branch ([\d.]+) ",
        "delivery/client/pyproject.toml": r'^version = "([\d.]+)"',
    }
    found = {path: set(re.findall(pattern, (ROOT / path).read_text(), re.MULTILINE)) for path, pattern in named.items()}
    assert found == {path: {version.VERSION} for path in named}


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
    version.commit.cache_clear()
    # git's own word for a checkout that is another account's, as /opt/gapless is.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert re.fullmatch("[0-9a-f]{12}", version.commit())
