"""Shapes of the pages' modules and templates that a machine can hold."""

import re

import pytest

from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

STATIC = ROOT / "chat" / "static" / "gapless"
MODULES = [path for path in STATIC.rglob("*.js") if "bundle" not in path.parts]
TEMPLATES = list((ROOT / "templates").rglob("*.html"))
#: Before the server has said its time; and whether the machine slept, for which it is compared with itself.
READS_THE_CLOCK_OF_DAY = {"client/clock.js", "client/connection.js"}


def test_the_browsers_clock_of_day_which_may_be_wrong_by_hours_is_asked_nowhere() -> None:
    asking = {
        str(path.relative_to(STATIC)) for path in MODULES if re.search(r"Date\.now\(|new Date\(\)", path.read_text())
    }
    assert asking == READS_THE_CLOCK_OF_DAY


def test_every_icon_that_is_named_is_there() -> None:
    templates = "".join(path.read_text() for path in TEMPLATES)
    drawn = set(re.findall(r'<symbol id="icon-([a-z-]+)"', templates))
    named = set(re.findall(r'_icon\.html" with name="([a-z-]+)"|"#icon-([a-z-]+)"', templates))
    in_modules = re.findall(r'\bicon\("([a-z-]+)"\)', "".join(path.read_text() for path in MODULES))
    assert {*in_modules, *(name for pair in named for name in pair if name and name[-1] != "-")} <= drawn


def test_no_rule_asks_what_the_whole_page_holds() -> None:
    """All of it would be styled anew whenever anything in it is shown: with 340 channels 130 ms for each that is opened."""
    sheets = "".join(path.read_text() for path in (STATIC / "css").glob("*.css"))
    assert re.findall(r"(?:\.frame|\.app|\.pane|\.sidebar|:root|\bbody)(?![-\w])[^\s{},>+~]*:has\(", sheets) == []
