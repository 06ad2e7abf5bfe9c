"""Files for operators: doctor counts them, prune deletes left-over ones, and a search finds messages with them."""

import json
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from storages.backends.s3 import S3Storage

from chat import clock, prepared_sql
from chat.files import storage
from chat.files.services import is_anything_left_over
from chat.models import File
from chat.search import search
from chatproject.env import EnvError
from chatproject.env_urls import files
from chatproject.file_findings import files as looked_after
from tests.conftest import Cast, said
from tests.stage.files import file_of, kept
from tests.stage.ports import free_port

pytestmark = pytest.mark.django_db


def test_doctor_counts_files_and_says_which_have_no_bytes_and_which_bytes_no_file(cast: Cast) -> None:
    shutil.rmtree(settings.GAPLESS_DATA / "files", ignore_errors=True)
    kept(cast.bob, b"the plan", "plan.txt")
    assert [(finding.state, finding.says) for finding in looked_after()] == [("ok", "1 files with 0 MiB")]
    file_of(cast.bob)
    storage.put("ab/none", storage.WHOLE, storage.get(File.objects.earliest("pk").folder, storage.WHOLE))
    assert {(finding.state, finding.says) for finding in looked_after()} == {
        ("wrong", "1 of the newest 2 are not in their storage"),
        ("warning", "1 folders belong to no file"),
    }
    storage.delete_folder("ab/none")


def test_doctor_says_that_no_file_can_be_written(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").write_text("no folder")
    monkeypatch.setattr(storage, "storage", lambda: storage.Folder(tmp_path / "disk" / "files"))
    [finding] = looked_after()
    assert (finding.state, finding.says) == ("wrong", f"{tmp_path}/disk/files can't be written by this account")
    monkeypatch.setattr(storage, "storage", lambda: storage.Folder(tmp_path / "not" / "yet"))
    assert [finding.state for finding in looked_after()] == ["ok"]
    assert not (tmp_path / "not").exists()


def test_a_bucket_that_does_not_answer_is_a_sentence(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(cast.bob, b"the plan", "plan.txt")
    monkeypatch.setenv("FILES_URL", f"s3+http://key:secret@127.0.0.1:{free_port()}/bucket")
    bucket = S3Storage(**files("FILES_URL", Path())["OPTIONS"])
    monkeypatch.setattr(storage, "storage", lambda: bucket)
    with pytest.raises(storage.StorageAway, match="does not answer: Could not connect") as away:
        list(looked_after())
    assert "secret" not in str(away.value)


def test_prune_takes_away_what_no_message_took(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, taken = (kept(cast.bob, b"words", f"{name}.txt") for name in ("old", "new", "taken"))
    said(cast.bob, cast.team, files=(taken.pk,))
    File.objects.exclude(pk=new.pk).update(created_at=old.created_at.replace(year=old.created_at.year - 1))
    assert prepared_sql.run_reading(is_anything_left_over())
    call_command("prune", "--json")
    assert json.loads(capsys.readouterr().out)["files"] == 1
    assert set(File.objects.values_list("name", flat=True)) == {"new.txt", "taken.txt"}
    assert not prepared_sql.run_reading(is_anything_left_over())


def test_left_over_files_are_found_without_a_look_at_all_files(cast: Cast) -> None:
    queryset = File.objects.left_over(before=clock.now())
    with transaction.atomic(), connection.cursor() as cursor:
        # An empty table is read whole, whatever indexes there are.
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "idx_files_without_message" in queryset.explain()


def test_a_search_finds_messages_with_files(cast: Cast) -> None:
    said(cast.bob, cast.team, "plain words")
    said(cast.bob, cast.team, "words with a plan", files=(file_of(cast.bob).pk,))
    assert [row.body for row in search(cast.alice, "words has:file").messages] == ["words with a plan"]


def test_files_are_kept_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(url: str) -> object:
        monkeypatch.setenv("FILES_URL", url)
        return files("FILES_URL", settings.GAPLESS_DATA)["OPTIONS"]

    assert read("file:///var/lib/gapless/files") == {"location": Path("/var/lib/gapless/files")}
    bucket = read("s3+http://key:a%2Fb@localhost:9000/gapless?region=eu-central-1")
    assert bucket["endpoint_url"] == "http://localhost:9000"  # type: ignore[index]
    assert (bucket["access_key"], bucket["secret_key"], bucket["bucket_name"]) == ("key", "a/b", "gapless")  # type: ignore[index]
    for wrong in ("ftp://host/bucket", "s3://host", "file://host/path", "s3://host/bucket?acl=public"):
        with pytest.raises(EnvError, match="FILES_URL"):
            read(wrong)
