"""What the README and the pages of docs/ say is there is there."""

import re
from pathlib import Path

import pytest

from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
#: What a newcomer reads before the first coffee.
MOST_LINES = 150


def found(pattern: str) -> list[tuple[Path, str]]:
    return sorted({(page, name) for page in PAGES for name in re.findall(pattern, page.read_text())})


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MOST_LINES


def test_the_readme_leads_to_every_page() -> None:
    text = (ROOT / "README.md").read_text()
    assert [page.name for page in PAGES[1:] if page.name not in text] == []


@pytest.mark.parametrize(("page", "name"), found(r"`(test_\w+\.py(?:::test_\w+)?)`"))
def test_a_test_that_is_named_exists(page: Path, name: str) -> None:
    file, _, test = name.partition("::")
    [path] = (ROOT / "tests").rglob(file)
    source = path.read_text()
    assert f"def {test}" in source


@pytest.mark.parametrize(("page", "path"), found(r"`((?:chat|chatproject|delivery|bin|benchmarks|presence)/[\w./]*)`"))
def test_a_place_that_is_named_exists(page: Path, path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("page", "link"), found(r"\]\(([^)#:]+)\)"))
def test_a_link_leads_somewhere(page: Path, link: str) -> None:
    assert (page.parent / link).is_file()


def test_the_programs_in_it_can_be_read() -> None:
    for page in PAGES:
        for program in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
            compile(program, page.name, "exec")
