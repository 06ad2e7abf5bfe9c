"""Commands whose output is closed or that are interrupted: what they create exists whole and was printed, or not at all."""

import os
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper

from chat import services
from chat.files import storage
from chat.management.commands import fill
from chat.models import Channel, File, Invite, Member, PasswordLink, Token, User
from chat.support.tools.demo import desk
from chat.tools.demo import stage
from chat.tools.printing import step_printer
from chatproject.backup import restoring
from chatproject.embedded import start
from tests.conftest import Cast
from tests.stage.commands import run
from tests.stage.files import kept


class Unread(StringIO):
    """A pipe whose reader has left when a line with these words comes."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def flush(self) -> None:
        if self._words in self.getvalue():
            raise BrokenPipeError


def there() -> list[int]:
    return [model.objects.count() for model in (User, Channel, Member, Token, Invite, PasswordLink, File)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "command",
    [
        ("createuser", "ann"),
        ("createuser", "ann", "--role", "Moderator", "--token"),
        ("createuser", "bob", "--token"),
        ("invite",),
        ("passwordlink", "bob", "--reason", "asked"),
    ],
)
def test_a_secret_that_nobody_was_told_is_not_kept(cast: Cast, command: tuple[str, ...]) -> None:
    services.open_channel(cast.alice, name="General")
    before = there()
    with pytest.raises(CommandError, match=r"^nothing was made: nobody reads what is told$"):
        call_command(*command, stdout=Unread(""))
    assert there() == before
    call_command(*command, stdout=StringIO())
    assert there() != before


@pytest.mark.django_db(transaction=True)
def test_an_account_whose_role_is_refused_is_not_made(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("chat.management.commands.createuser.change_staff_roles", full)
    with pytest.raises(CommandError, match=r"^nothing was made: No space left on device$"):
        call_command("createuser", "ann", "--role", "Moderator", stdout=StringIO())
    assert not User.objects.filter(username="ann").exists()


@pytest.mark.django_db(transaction=True)
def test_a_demo_whose_password_nobody_was_told_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "play", a_small_company)
    monkeypatch.setattr(desk, "play", lambda *_, **__: [])
    before = folders()
    with pytest.raises(CommandError, match="nobody reads"):
        call_command("demo", stdout=Unread("each with the password"))
    assert there() == [0] * len(there())
    assert folders() == before


def a_small_company(*, password: str, **_: object) -> dict[str, User]:
    people = {name: services.create_user(name, password=password) for name in ("alice", "emi", "grace")}
    for channel in ("design", "engineering"):
        services.open_channel(people["emi"], name=channel, members=[people["grace"]])
    return people


@pytest.mark.django_db(transaction=True)
def test_a_fill_that_is_interrupted_leaves_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    before = there()
    monkeypatch.setattr(fill, "mark_all_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call_command("fill", "30", "--channels", "2", "--people", "3")
    assert there() == before


@pytest.mark.django_db(transaction=True)
def test_a_restore_that_is_interrupted_before_the_database_leaves_no_files(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    stays, goes = (kept(cast.bob, name.encode(), name) for name in ("stays.txt", "goes.txt"))
    run("backup", str(tmp_path / "it"))
    storage.delete_folder(goes.folder)
    before = folders()
    monkeypatch.setattr(restoring, "_require_alone", lambda: None)
    monkeypatch.setattr(restoring, "_replace_database", interrupted)
    with pytest.raises(KeyboardInterrupt):
        call_command("restore", str(tmp_path / "it"), "--yes", stderr=StringIO())
    assert folders() == before
    assert storage.get(stays.folder, storage.WHOLE).read() == b"stays.txt"


def folders() -> set[str]:
    root = Path(storage.storage().path(""))
    return {str(path) for path in root.glob("*/*")}


def test_long_work_goes_on_when_nobody_reads_its_steps() -> None:
    class Closed(StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    step_printer(OutputWrapper(Closed()), of="restore")("the database")
    step_printer(OutputWrapper(heard := StringIO()), of="restore")("the database")
    assert heard.getvalue() == "restore: the database\n"


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """Its two ends, the second of which is what manage.py writes to."""
    ends = os.pipe()
    monkeypatch.setattr(start, "STDOUT", ends[1])
    yield ends
    for end in ends:
        os.close(end)


def test_a_command_whose_reader_has_left_ends_as_other_programs_do(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def says(_: list[str]) -> None:
        os.write(pipe[1], b"a line")

    monkeypatch.setattr(start, "_run", says)
    start.prepare(["manage.py", "users"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), pipe[0])
    with pytest.raises(SystemExit) as ended:
        start.prepare(["manage.py", "users"])
    assert ended.value.code == 141
    assert os.write(pipe[1], b"what is left, at the interpreter's end") > 0


def test_another_broken_pipe_is_a_mistake_of_ours(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: list[str]) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(start, "_run", breaks)
    with pytest.raises(BrokenPipeError):
        start.prepare(["manage.py", "users"])
