"""What operators and developers read names who acts: where "whoever" stands, a noun fits (a user, a member, a process)."""

import re
import subprocess

import pytest

from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

#: The pages, and the comments of what is configured. CHANGELOG.md and the rows of docs/proofs.md stay as they were written.
READ = ("*.md", ".env.example", "deploy", ":!CHANGELOG.md", ":!docs/proofs.md", ":!chat/static/vendor")
#: Made of docstrings.
TABLES = re.compile(r"<!-- table: \w+ -->.*?<!-- end -->", re.DOTALL)
RIDDLE = re.compile(r".*\b(?:who|whom)(?:so)?ever\b.*", re.IGNORECASE)


def test_no_page_says_whoever() -> None:
    listed = subprocess.run(["git", "ls-files", "--", *READ], cwd=ROOT, capture_output=True, text=True, check=True)
    names = listed.stdout.splitlines()
    assert {"README.md", "docs/operating.md", "deploy/nginx/gapless.conf"} <= set(names)
    found = {name: RIDDLE.findall(TABLES.sub("", (ROOT / name).read_text())) for name in names}
    assert {name: lines for name, lines in found.items() if lines} == {}
