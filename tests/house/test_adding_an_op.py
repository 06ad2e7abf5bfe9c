"""docs/adding-an-op.md names the lists in which an op stands: those in which `message.edit` stands, no more and no fewer."""

import re
import subprocess

import pytest

from tests.stage.servers import ROOT

pytestmark = pytest.mark.fast

PAGE = (ROOT / "docs" / "adding-an-op.md").read_text()
#: What an edit is called, layer by layer.
NAMES = r'\bEdit\(|"message\.edit"|\bedit_message\b|\bEDIT_OWN\b|\bREVISIONS\b|revisions_per_minute|\bMessageRevision\b'
#: The files that are the feature's own, and what makes a filled instance.
OWN = {
    "chat/services/messages.py",
    "chat/api/messages.py",
    "chat/static/gapless/features/threads.js",
    "chat/static/gapless/features/writing.js",
    "chat/tools/demo/stage.py",
}
#: Lists in which no name of the edit stands: its path has those of other methods, and the page of proofs speaks of behaviour.
UNNAMED = {"chat/api/urls.py", "docs/proofs.md"}


def listed() -> set[str]:
    return set(re.findall(r"^\| `([\w./]+)` \|", PAGE, re.MULTILINE))


def test_every_list_of_the_product_in_which_an_op_stands_is_named() -> None:
    command = ["git", "grep", "-lE", NAMES, "--", "chat", "chatproject", "delivery", "presence", ":!*/migrations/*"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in found if not name.endswith(".md")} - OWN == {
        name for name in listed() - UNNAMED if not name.startswith(("tests/", "docs/"))
    }


def test_what_is_named_names_it() -> None:
    for name in listed() - UNNAMED:
        assert re.search(NAMES, (ROOT / name).read_text()), name


def test_one_op_edits_few_lists() -> None:
    by_hand = listed() - {"chat/static/gapless/bundle/page.js"}
    assert len({name for name in by_hand if not name.startswith(("tests/", "docs/"))}) <= 9
    assert len(by_hand) <= 12
