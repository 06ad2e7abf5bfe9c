"""What the README and the pages of docs/ say is there is there."""

import functools
import re
from pathlib import Path

import pytest

from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
#: What a newcomer reads before the first coffee.
MOST_LINES = 150


of_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def named(page: Path, pattern: str) -> list[str]:
    return sorted(set(re.findall(pattern, page.read_text())))


@functools.cache
def sources_of(file: str) -> list[str]:
    """What stands in the files of this name."""
    return [path.read_text() for path in (ROOT / "tests").rglob(file)]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MOST_LINES


def test_the_readme_leads_to_every_page() -> None:
    text = (ROOT / "README.md").read_text()
    assert [page.name for page in PAGES[1:] if page.name not in text] == []


@of_each_page
def test_the_tests_that_it_names_exist(page: Path) -> None:
    for name in named(page, r"`(test_\w+\.py(?:::test_\w+)?)`"):
        file, _, test = name.partition("::")
        assert [f"def {test}" in source for source in sources_of(file)] == [True], name


@of_each_page
def test_the_places_that_it_names_exist(page: Path) -> None:
    paths = named(page, r"`((?:chat|chatproject|delivery|bin|benchmarks|presence)/[\w./]*)`")
    assert [path for path in paths if not (ROOT / path).exists()] == []


@of_each_page
def test_its_links_lead_somewhere(page: Path) -> None:
    assert [link for link in named(page, r"\]\(([^)#:]+)\)") if not (page.parent / link).is_file()] == []


def test_the_programs_in_it_can_be_read() -> None:
    for page in PAGES:
        for program in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
            compile(program, page.name, "exec")
