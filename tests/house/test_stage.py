"""What tests stand on: tables that are emptied under work, and moments that no year can make wrong."""

import ast
import contextlib
import re
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from chat import services
from chat.models import Channel, Member, Message, Scope, Token, User
from chat.naming import looks
from tests.conftest import Cast
from tests.stage.emptying import empty_tables
from tests.stage.ports import Ports, free_port
from tests.stage.servers import ROOT

#: A year that is written down is one that the calendar passes.
WRITTEN_DATE = re.compile(r"\b2\d{3}-\d\d-\d\d|datetime\(\s*2\d{3}|\bdate\(\s*2\d{3}")

#: When a row was made.
MOMENTS = {"date_joined", "created_at"}


def sources() -> Iterator[Path]:
    return (path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__))


def is_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def work_against_the_order(holds: threading.Event, faults: list[Exception]) -> None:
    """Reads the last table that is emptied, then the first: in the order that makes a deadlock."""
    first, *_, last = sorted(connection.introspection.django_table_names())
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f'SELECT 1 FROM "{last}" LIMIT 1')
            holds.set()
            deadline = time.monotonic() + 0.5
            while time.monotonic() < deadline and not is_waited_for():
                time.sleep(0.01)
            cursor.execute(f'SELECT 1 FROM "{first}" LIMIT 1')
    except Exception as error:
        faults.append(error)
    finally:
        connections.close_all()


def test_tables_are_emptied_while_somebody_still_works_and_nobody_fails(transactional_db: None, cast: Cast) -> None:
    holds, faults = threading.Event(), list[Exception]()
    worker = threading.Thread(target=work_against_the_order, args=(holds, faults))
    worker.start()
    assert holds.wait(10)
    empty_tables()
    worker.join()
    assert faults == []
    assert not User.objects.exists()


def columns(row: Any) -> dict[str, Any]:
    """But for what is each row's own."""
    own = {"id", "user_id", "username", "username_look", "username_look_any_case", "display_name", "digest", "password"}
    own |= {"channel_id", "sender_id", "created_by_id", "client_msg_id", "name", "name_look", "name_look_any_case"}
    return {name: value for name, value in vars(row).items() if not (name.startswith("_") or name in own | MOMENTS)}


def test_the_cast_is_as_the_verbs_make_it(db: None, cast: Cast) -> None:
    made = services.create_user("alice2", display_name="Alice2")
    assert columns(User.objects.get(pk=cast.alice.pk)) == columns(User.objects.get(pk=made.pk))
    assert looks("alice") == (cast.alice.username_look, cast.alice.username_look_any_case)
    assert not cast.alice.has_usable_password()
    services.create_token(made, name="tests", scopes=Scope.values)
    assert columns(Token.objects.get(user=cast.alice)) == columns(Token.objects.get(user=made))
    boss = services.create_user("boss", display_name="Boss", is_staff=True)
    assert columns(User.objects.get(pk=cast.sam.pk)) == columns(User.objects.get(pk=boss.pk))


def test_the_channel_of_the_cast_is_as_the_verb_opens_it(db: None, cast: Cast) -> None:
    opened = services.open_channel(cast.alice, name="crew", kind="private", members=[cast.bob])
    assert columns(Channel.objects.get(pk=cast.team.pk)) == columns(Channel.objects.get(pk=opened.pk))
    assert (cast.team.head, cast.team.member_count) == (opened.head, opened.member_count)
    for rows in (Message.objects.order_by("seq"), Member.objects.order_by("joined_rev")):
        ours, theirs = (list(rows.filter(channel=channel)) for channel in (cast.team, opened))
        assert [columns(row) for row in ours] == [columns(row) for row in theirs]
        assert len(ours) == 2
    assert list(cast.team.members.order_by("joined_rev").values_list("user", flat=True)) == [cast.alice.pk, cast.bob.pk]


@pytest.mark.fast
def test_each_pytest_process_of_the_machine_has_ports_of_its_own() -> None:
    # The other one, with a random number of its own, comes to know nothing of this one but what the machine keeps.
    ask = "from tests.stage.ports import Ports; own = Ports(); print(*[own.free() for _ in range(300)])"
    ours = {free_port() for _ in range(300)}
    other = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(ours) == len({*other.stdout.split()}) == 300
    assert not ours & {int(port) for port in other.stdout.split()}


def _is_here(address: str) -> bool:
    """Containers often have no IPv6, or none of the loopback."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return True
    return False


@pytest.mark.fast
@pytest.mark.parametrize("address", [address for address in ("127.0.0.1", "0.0.0.0", "::1", "::") if _is_here(address)])
def test_a_port_at_which_somebody_listens_is_given_to_nobody(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, left = free_port(), free_port()
    with socket.create_server((address, taken), family=socket.AF_INET6 if ":" in address else socket.AF_INET):
        own = Ports()
        monkeypatch.setattr(own, "_left", {taken, left})
        monkeypatch.setattr(secrets, "choice", min if taken < left else max)
        assert own.free() == left


def moves_the_clock(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    functions = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    inner = {below for function in functions for below in ast.walk(function) if below is not function}
    return (function for function in functions if function not in inner and "clock.at(" in ast.unparse(function))


@pytest.mark.fast
def test_no_test_writes_down_a_date_that_real_time_can_pass() -> None:
    assert {path.name: found for path in sources() if (found := WRITTEN_DATE.findall(path.read_text()))} == {}


@pytest.mark.fast
def test_the_clock_is_moved_for_a_whole_test_or_not_at_all() -> None:
    for path in sources():
        if "clock.at(" not in path.read_text():
            continue
        for function in moves_the_clock(path):
            asked = {function.name, *(argument.arg for argument in function.args.args)}
            assert "standing_clock" in asked, f"{path.name}: {function.name}"
