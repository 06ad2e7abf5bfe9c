"""Exports: all about a person without others' words, all of a channel to be read anywhere, as of one moment, in bounded memory."""

import json
import stat
import subprocess
import sys
import threading
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from storages.backends.s3 import S3Storage

from chat import clock, services
from chat.files import storage
from chat.models import AuditEntry, Message, Token
from chat.tools.fill import fill_channel
from chatproject.exporting import channels, html
from chatproject.exporting.people import ENTRIES
from chatproject.personal_data import ON_ERASURE
from tests.conftest import Cast, said
from tests.stage.commands import run
from tests.stage.files import kept
from tests.stage.ports import free_port
from tests.stage.servers import ROOT, Server


def lines(path: Path, entry: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(path) as found:
        return [json.loads(line) for line in found.read(entry).splitlines()]


def text_of(path: Path) -> str:
    with zipfile.ZipFile(path) as found:
        return "\n".join(f"{name}\n{found.read(name).decode()}" for name in found.namelist())


def test_a_person_gets_all_that_is_about_them_and_nobody_elses_words(cast: Cast, tmp_path: Path) -> None:
    theirs = json.loads(said(cast.bob, cast.team, "my own words", files=(kept(cast.bob, b"plan", "plan.txt").pk,)).raw)
    others = json.loads(said(cast.alice, cast.team, "a secret of alice, @bob").raw)
    services.edit_message(cast.bob, channel=cast.team.pk, message=theirs["id"], body="my better words")
    services.add_reaction(cast.bob, channel=cast.team.pk, message=others["id"], emoji="👍")
    services.save_message(cast.bob, message=others["id"])
    pair, _ = services.open_direct_channel(cast.alice, others=[cast.bob])
    services.report_message(cast.alice, channel=cast.team.pk, message=theirs["id"], reason="rude, says alice")
    services.block_user(cast.charlie, whom=cast.bob)
    path = tmp_path / "bob.zip"
    done = run("export_user", "BOB", str(path))
    assert (done["user"], done["counts"]["messages.jsonl"], done["counts"]["files/"]) == (cast.bob.pk, 1, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [line["body"] for line in lines(path, "messages.jsonl")] == ["my better words"]
    assert [line["body"] for line in lines(path, "versions.jsonl")] == ["my own words"]
    assert [line["channel"]["id"] for line in lines(path, "channels.jsonl")] == [cast.team.pk, pair.pk]
    (other,) = lines(path, "channels.jsonl")[1]["channel"]["people"]
    assert other["username"] == "alice"
    [mention], [saved], [reaction] = (lines(path, f"{name}.jsonl") for name in ("mentions", "saved", "reactions"))
    assert {mention["message"], saved["message"], reaction["message"]} == {others["id"]}
    everything = text_of(path)
    assert "plan.txt\nplan" in everything
    assert "secret" not in everything
    assert "says alice" not in everything
    assert not [line for line in lines(path, "blocks.jsonl") if "charlie" in str(line)]
    assert Token.objects.get(user=cast.bob).digest not in everything
    entry = AuditEntry.objects.get(act="user.exported")
    assert (entry.actor, entry.whom_id, entry.reason) == (None, cast.bob.pk, "Exported by manage.py export_user.")


def test_the_table_says_of_each_reference_where_it_is_exported() -> None:
    named = {entry for _, _, entry in ON_ERASURE.values() if entry}
    assert named <= {*ENTRIES, "account.json", ""}
    # Of their messages, their conversations, and what holds an id in its text.
    assert set(ENTRIES) - named == {"versions.jsonl", "reports_about.jsonl", "ratings.jsonl", "sessions.jsonl"}


class Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.links += [value for name, value in attributes if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_channel_is_exported_to_be_computed_with_and_to_be_read(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "A_PAGE", 3)
    said(cast.alice, cast.team, '<script>alert(1)</script> & "so" on')
    said(cast.bob, cast.team, "with a plan", files=(kept(cast.bob, b"plan", "a plan #1.txt").pk,))
    gone = json.loads(said(cast.bob, cast.team, "not meant").raw)["id"]
    services.delete_message(cast.bob, channel=cast.team.pk, message=gone)
    path = tmp_path / "team.zip"
    done = run("export_channel", str(cast.team.pk), str(path), "--reason", "The court asks.")
    assert done["counts"] == {"members.jsonl": 2, "messages.jsonl": 5, "files.jsonl": 1, "files/": 1}
    seqs = [line["seq"] for line in lines(path, "messages.jsonl")]
    assert seqs == sorted(seqs)
    assert {line["user"]["username"] for line in lines(path, "members.jsonl")} == {"alice", "bob"}
    with zipfile.ZipFile(path) as found:
        names = set(found.namelist())
        pages = [found.read(page).decode() for page in ("index.html", "page-2.html")]
    seen = Balanced()
    for page in pages:
        seen.feed(page)
    assert seen.open == []
    assert '<script>alert(1)</script> & "so" on' in "".join(seen.text)
    assert not [page for page in pages if "<script" in page or "not meant" in page]
    [file] = [link for link in seen.links if link.startswith("files/")]
    assert "#" not in file
    assert {link for link in seen.links if link.endswith(".html")} == {"index.html", "page-2.html"} <= names
    assert AuditEntry.objects.get(act="channel.exported").reason == "The court asks."


def test_an_export_is_as_of_one_moment_while_people_go_on(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(cast.alice, cast.team, "before")

    def meanwhile(*given: Any, **named: Any) -> Any:
        other = threading.Thread(target=lambda: (said(cast.bob, cast.team, "meanwhile"), connections.close_all()))
        other.start()
        other.join()
        return html.write_pages(*given, **named)

    monkeypatch.setattr(channels, "write_pages", meanwhile)
    path = tmp_path / "team.zip"
    call_command("export_channel", str(cast.team.pk), str(path), "--json")
    assert Message.objects.filter(body="meanwhile").exists()
    assert "meanwhile" not in text_of(path)


def test_an_export_that_fails_leaves_nothing_but_its_line_in_the_audit_log(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(channels, "write_pages", full)
    with pytest.raises(CommandError, match="No space left"):
        call_command("export_channel", str(cast.team.pk), str(tmp_path / "team.zip"))
    assert list(tmp_path.iterdir()) == []
    assert AuditEntry.objects.filter(act="channel.exported", channel=cast.team).exists()
    with pytest.raises(CommandError, match="no channel 0"):
        call_command("export_channel", "0", str(tmp_path / "x"))
    with pytest.raises(CommandError, match="nobody is called dora"):
        call_command("export_user", "dora", str(tmp_path / "x"))


def test_a_bucket_that_does_not_answer_is_a_sentence(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(cast.bob, cast.team, files=(kept(cast.bob, b"the plan", "plan.txt").pk,))
    bucket = S3Storage(endpoint_url=f"http://127.0.0.1:{free_port()}", bucket_name="b", access_key="a", secret_key="s")
    monkeypatch.setattr(storage, "storage", lambda: bucket)
    with pytest.raises(CommandError, match="no export was made: the storage of files does not answer"):
        call_command("export_channel", str(cast.team.pk), str(tmp_path / "team.zip"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.by_hand
def test_memory_does_not_grow_with_what_was_said(cast: Cast, tmp_path: Path) -> None:
    def peak(messages: int) -> int:
        """Kilobytes."""
        channel = services.open_channel(cast.alice, name=f"of {messages}")
        now, left = clock.now(), messages
        while left:
            some = min(left, 50_000)
            fill_channel(channel.pk, written=[(cast.alice.pk, "word " * 20, now)] * some)
            left -= some
        command = [sys.executable, "-c", MEASURED, "export_channel", str(channel.pk), str(tmp_path / "x.zip")]
        done = subprocess.run(command, cwd=ROOT, env=Server().environ(), capture_output=True, text=True, check=True)
        assert f"{messages + 1:,} messages" in done.stdout
        print(done.stdout)
        return int(done.stdout.split()[-1])

    few, many = peak(10_000), peak(1_000_000)
    assert many < few + 50_000


MEASURED = """
import resource, sys
from chatproject.embedded.start import prepare
prepare(["manage.py", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
