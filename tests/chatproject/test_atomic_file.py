"""Files with people's messages, in a folder in which other users can create files, such as /tmp."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from chatproject.atomic_file import atomic_file
from chatproject.backup.archive import Writer
from chatproject.exporting.archive import Archive


@pytest.mark.parametrize("kind", [Archive, Writer])
def test_what_another_has_laid_beside_it_gets_nothing_of_it(tmp_path: Path, kind: type[Archive] | type[Writer]) -> None:
    theirs, laid = tmp_path / "theirs", tmp_path / "out.zip.part"
    theirs.write_bytes(b"")
    laid.symlink_to(theirs)
    with kind.at(tmp_path / "out.zip"), kind.at(tmp_path / "out.zip"):
        pass
    assert theirs.read_bytes() == b""
    assert laid.is_symlink()
    assert stat.S_IMODE((tmp_path / "out.zip").stat().st_mode) == 0o600
    assert sorted(tmp_path.iterdir()) == [tmp_path / "out.zip", laid, theirs]


@pytest.mark.parametrize("lay", [os.mkfifo, os.mkdir, lambda path: os.symlink(os.devnull, path)])
def test_what_is_no_plain_file_is_never_replaced(tmp_path: Path, lay: Callable[[Path], None]) -> None:
    path = tmp_path / "out"
    lay(path)
    kept = path.lstat().st_ino
    with pytest.raises(FileExistsError, match="no plain file"), atomic_file(path):
        pytest.fail("it is said before anything is done")
    assert [found.lstat().st_ino for found in tmp_path.iterdir()] == [kept]


def test_a_file_is_replaced_by_what_is_whole_and_stays_when_that_fails(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250)
    path.write_text("before")
    path.chmod(0o644)

    def fail() -> None:
        with atomic_file(path) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_text() == "before"
    with atomic_file(path) as file:
        file.write(b"whole")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("whole", 0o600)
    assert list(tmp_path.iterdir()) == [path]
