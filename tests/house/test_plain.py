"""What operators and developers read names who acts: where "whoever" stands, a noun fits (a user, a member, a process)."""

import re
import subprocess

import pytest

from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

#: The pages with their tables, the comments of what is configured, and the product's sources with their docstrings and comments.
#: CHANGELOG.md and the rows of docs/proofs.md stay as they were written, and so do people's messages in the demo.
READ = (
    *("*.md", ".env.example", "deploy", "templates", "chat/*.py", "chat/*.js", "chatproject", "delivery", "presence"),
    *(":!CHANGELOG.md", ":!docs/proofs.md", ":!chat/tools/demo/script.py"),
    *(":!chat/static/vendor", ":!chat/static/gapless/bundle", ":!chat/static/gapless/emoji/table.js"),
)
RIDDLE = re.compile(r"\bwho(?:m|so)*ever\b", re.IGNORECASE)


def test_no_page_and_no_source_says_whoever() -> None:
    listed = subprocess.run(["git", "ls-files", "--", *READ], cwd=ROOT, capture_output=True, text=True, check=True)
    names = listed.stdout.splitlines()
    assert {"README.md", "docs/operating.md", "deploy/nginx/gapless.conf", "chat/services/log.py"} <= set(names)
    assert {"templates/500.html", "chat/static/gapless/desk/desk.js", "delivery/wire/frames.py"} <= set(names)
    found = {name: _riddles((ROOT / name).read_text(errors="replace")) for name in names}
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert _riddles("The caller.\nWhoever calls.") == ["Whoever calls."]


def _riddles(text: str) -> list[str]:
    # Most texts have none, and are looked through once.
    return [line for line in text.splitlines() if RIDDLE.search(line)] if RIDDLE.search(text) else []
