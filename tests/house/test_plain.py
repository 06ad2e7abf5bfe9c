"""Plain English: sentences name who acts, and names are the field's terms, not metaphors of ours."""

import re
import subprocess

import pytest

from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

#: The pages with their tables, the comments of what is configured, and all sources with their docstrings and comments.
#: CHANGELOG.md and the rows of docs/proofs.md stay as they were written, and so do people's messages in the demo.
READ = (
    *("*.md", ".env.example", "deploy", "templates", "chat/*.py", "chat/*.js", "chatproject", "delivery", "presence"),
    *("tests", "benchmarks", ":!tests/house/test_plain.py", ":!tests/stage/asyncapi"),
    *(":!CHANGELOG.md", ":!docs/proofs.md", ":!chat/tools/demo/script.py"),
    *(":!chat/static/vendor", ":!chat/static/gapless/bundle", ":!chat/static/gapless/emoji/table.js"),
)
#: Where "whoever" stands, a noun fits: a user, a member, a process. Also in the names of tests.
RIDDLE = re.compile(r"(?<![a-zA-Z])who(?:m|so)*ever(?![a-zA-Z])", re.IGNORECASE)
#: They have terms: an announcement, a run lock, a sweep, a sandbox, machine notes, announced, an action.
METAPHOR = re.compile(
    r"(?<![a-zA-Z])(?:bells?|batons?|brooms?|darkrooms?|roll_?call|rung|deeds?)(?![a-zA-Z])", re.IGNORECASE
)
#: The name of a logger that operators may filter by, and names within addresses.
KEPT = re.compile(r"gapless\.bell|the%20bell|the bell\"|bell\.wav|crossed-out bell")


def listed() -> list[str]:
    found = subprocess.run(["git", "ls-files", "--", *READ], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in found.stdout.splitlines() if (ROOT / name).is_file()]
    assert {"README.md", "docs/operating.md", "deploy/nginx/gapless.conf", "chat/services/log.py"} <= set(names)
    assert {"templates/500.html", "chat/static/gapless/desk/desk.js", "delivery/wire/frames.py"} <= set(names)
    assert {"tests/conftest.py", "benchmarks/fanout.py"} <= set(names)
    return names


def test_no_page_and_no_source_says_whoever() -> None:
    found = {name: _lines(RIDDLE, (ROOT / name).read_text(errors="replace")) for name in listed()}
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert _lines(RIDDLE, "The caller.\nWhoever calls.\ntest_whoever_calls") == ["Whoever calls.", "test_whoever_calls"]


def test_no_python_source_speaks_in_metaphors_that_have_a_term() -> None:
    sources = [name for name in listed() if name.endswith((".py", ".lua"))]
    named = {name for name in sources if METAPHOR.search(name)}
    said = {name: _lines(METAPHOR, KEPT.sub("", (ROOT / name).read_text())) for name in sources}
    assert (named, {name: lines for name, lines in said.items() if lines}) == (set(), {})
    assert _lines(METAPHOR, "from delivery.bus import bell\nrebel = 1") == ["from delivery.bus import bell"]


def _lines(pattern: re.Pattern[str], text: str) -> list[str]:
    # Most texts have none, and are looked through once.
    return [line for line in text.splitlines() if pattern.search(line)] if pattern.search(text) else []
