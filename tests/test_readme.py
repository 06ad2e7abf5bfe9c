"""What the README says is there is there."""

import re

import pytest

from tests.servers import ROOT

README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+\.py(?:::test_\w+)?)`", README))))
def test_a_test_that_is_named_exists(name: str) -> None:
    file, _, test = name.partition("::")
    source = (ROOT / "tests" / file).read_text()
    assert f"def {test}" in source


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:chat|chatproject|delivery|bin|benchmarks|presence)/[\w./]*)`", README)))
)
def test_a_place_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_a_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).is_file()


def test_the_programs_in_it_can_be_read() -> None:
    for program in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        compile(program, "README.md", "exec")
