"""Customers' mails are collected over IMAP from a real server: once, whatever it or the process does, and nothing waits for it."""

import datetime
import re
import ssl
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from chat import clock
from chat.models import Conversation, Message
from chat.support.letters.addresses import reply_address
from chat.support.mailboxes import collecting, imap_connection
from chat.support.mailboxes.collecting import collect
from chat.support.mailboxes.collector_threads import collect_repeatedly
from chat.support.models import Contact, Mailbox
from chatproject import desk_findings as findings
from tests.stage.mailboxes import FLAGGED, SEEN, MailServer, mail_server
from tests.stage.many_threads import in_threads
from tests.stage.sentinels import make_certificate
from tests.stage.support import VERA, Visit, visit

pytestmark = pytest.mark.django_db(transaction=True)

MEBIBYTE = 2**20


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


def mail_to(conversation: Conversation, body: str, *, sender: str = VERA, **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = sender, reply_address("help@shop.example", conversation.pk)
    message["Message-ID"] = f"<{abs(hash(body))}@home.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes().replace(b"\n", b"\r\n")


def look(server: MailServer) -> Mailbox:
    """Somebody's turn, now."""
    address = str(server.mailbox)
    Mailbox.objects.update_or_create(address=address, defaults={"next_at": clock.now()})
    assert collect(server.mailbox)
    return Mailbox.objects.get(address=address)


def said_in(conversation: Conversation) -> list[str]:
    rows = Message.objects.filter(channel=conversation.pk, kind="text").order_by("seq")
    return list(rows.values_list("body", flat=True))[1:]


def flags(server: MailServer) -> list[set[str]]:
    return [mail.flags for mail in server.mails.values()]


def counts() -> list[float]:
    return [
        collecting.mails_collected.labels(outcome)._value.get() for outcome in ("taken", "dropped", "refused", "left")
    ]


def test_what_is_taken_or_a_machines_is_marked_as_read_and_what_is_refused_waits_for_a_person(
    server: MailServer, known: Conversation, settings: Any
) -> None:
    before = counts()
    server.put(mail_to(known, "Thank you!"))
    server.put(mail_to(known, "I am away.", Auto_Submitted="auto-replied"))
    server.put(mail_to(known, "Let me in.", sender="mallory@evil.example"))
    server.put(mail_to(known, "Read by somebody."), SEEN)
    row = look(server)
    assert said_in(known) == ["Thank you!"]
    assert flags(server) == [{SEEN}, {SEEN}, {FLAGGED}, {SEEN}]
    assert [after - then for after, then in zip(counts(), before, strict=True)] == [1, 1, 1, 0]
    assert (row.problem, row.failing_since, row.put_aside) == ("", None, 1)
    server.heard.clear()
    look(server)
    assert not [command for command in server.heard if "FETCH" in command], "nothing is looked at twice"
    settings.IMAP_URL = [server.mailbox]
    assert [(found.state, found.says.partition(" ")[0]) for found in findings.mailboxes()] == [
        ("ok", "mails"),
        ("warning", "1"),
    ]


def test_what_is_beyond_a_limit_is_left_for_the_next_look_and_keeps_nobody_else_waiting(
    server: MailServer, known: Conversation, vera: Visit, settings: Any
) -> None:
    settings.LIMITS = type(settings.LIMITS)(messages_per_minute=2)
    other = visit(Contact.objects.get(visitor=vera.visitor).inbox, "Otto")
    Contact.objects.filter(visitor=other.visitor).update(email="otto@home.example")
    others = other.begin("Mine?")
    for number in range(5):
        server.put(mail_to(known, f"{number}"))
    server.put(mail_to(others, "Hello?", sender="otto@home.example"))
    server.heard.clear()
    look(server)
    assert (said_in(known), said_in(others)) == (["0", "1"], ["Hello?"])
    assert flags(server) == [{SEEN}, {SEEN}, set(), set(), set(), {SEEN}]
    assert len([command for command in server.heard if "BODY" in command]) == 4, "the rest of the flood was not fetched"


def test_a_process_that_dies_between_taking_and_marking_says_nothing_twice(
    server: MailServer, known: Conversation
) -> None:
    server.put(mail_to(known, "Thank you!"))
    server.trouble = "dies"
    assert look(server).failing_since is not None
    assert (said_in(known), flags(server)) == (["Thank you!"], [set()])
    server.trouble = ""
    assert look(server).failing_since is None
    assert (said_in(known), flags(server)) == (["Thank you!"], [{SEEN}])


def test_a_mail_is_said_once_it_comes_whole_whatever_the_server_does(server: MailServer, known: Conversation) -> None:
    server.put(mail_to(known, "a line\r\n" * 100))
    server.trouble = "cuts"
    assert look(server).problem
    assert (said_in(known), flags(server)) == ([], [set()])
    # It is not given now, and keeps no other from coming.
    server.trouble = "refuses"
    server.put(mail_to(known, "Two"))
    assert look(server).problem == ""
    server.trouble = ""
    look(server)
    assert (said_in(known)[0].count("a line"), said_in(known)[1]) == (100, "Two")
    # Somebody takes it away meanwhile.
    server.put(mail_to(known, "Three"))
    server.trouble = "vanishes"
    assert look(server).problem == ""
    server.trouble = ""
    # The mailbox is another one under its name, whatever its numbers.
    server.make_anew()
    server.put(mail_to(known, "Four"))
    look(server)
    assert said_in(known)[1:] == ["Two", "Four"]


def test_a_mail_of_25_megabytes_is_refused_without_being_fetched_whole(server: MailServer, known: Conversation) -> None:
    large = mail_to(known, "See this.").ljust(25 * MEBIBYTE, b"x")
    server.put(large)
    # A server that is wrong about it, too.
    server.put(large, size=1000)
    server.put(mail_to(known, "After it."))
    look(server)
    assert flags(server) == [{FLAGGED}, {FLAGGED}, {SEEN}]
    assert [command for command in server.heard if "BODY" in command and "FETCH 1 " in command] == []
    assert said_in(known) == ["After it."]


@pytest.mark.parametrize(
    ("trouble", "bounds", "says"),
    [
        ("silent", {"SILENT_SECONDS": 0.2, "STEP_SECONDS": 9}, "timed out"),
        ("trickles", {"STEP_SECONDS": 0.3}, "more than|timed out"),
        ("endless", {"STEP_BYTES": MEBIBYTE}, "more than it was asked for"),
    ],
)
def test_a_server_that_never_answers_is_given_up(
    server: MailServer, known: Conversation, monkeypatch: pytest.MonkeyPatch, trouble: str, bounds: Any, says: str
) -> None:
    for name, value in bounds.items():
        monkeypatch.setattr(imap_connection, name, value)
    server.trouble = trouble
    began = time.monotonic()
    assert re.search(says, look(server).problem)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"password": "another"}, "AUTHENTICATIONFAILED"),
        ({"folders": set()}, "NONEXISTENT"),
        ({"is_read_only": True}, "is not writable"),
    ],
)
def test_what_is_wrong_with_a_mailbox_is_told_without_its_password(
    server: MailServer, known: Conversation, settings: Any, caplog: pytest.LogCaptureFixture, wrong: Any, says: str
) -> None:
    for name, value in wrong.items():
        setattr(server, name, value)
    server.put(mail_to(known, "One"))
    look(server)
    settings.IMAP_URL = [server.mailbox]
    [found] = findings.mailboxes()
    assert (found.state, says in found.says) == ("wrong", True), found.says
    told = found.says + caplog.text + repr(server.mailbox) + str(server.mailbox)
    assert "a b" not in told
    assert said_in(known) == []


@pytest.mark.parametrize("scheme", ["imap+ssl", "imap+tls"])
def test_a_certificate_is_checked(
    known: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    make_certificate(tmp_path / "key", tmp_path / "certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    with mail_server(context, scheme=scheme) as server:
        server.put(mail_to(known, "In private"))
        assert "certificate verify failed" in look(server).problem
        assert "LOGIN" not in server.heard
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
        assert look(server).problem == ""
    assert said_in(known) == ["In private"]


def test_two_processes_do_not_look_at_the_same_time(server: MailServer, known: Conversation) -> None:
    Mailbox.objects.create(address=str(server.mailbox))
    server.put(mail_to(known, "One"))
    turns: list[bool] = []
    assert in_threads(4, lambda place: turns.append(collect(server.mailbox))) == []
    assert sorted(turns) == [False, False, False, True]
    assert said_in(known) == ["One"]


@pytest.mark.holds("mailbox_seconds", "mails_a_look")
def test_a_look_takes_so_many_and_the_next_one_comes_after_so_long(
    standing_clock: datetime.datetime, server: MailServer, known: Conversation, settings: Any
) -> None:
    settings.LIMITS = type(settings.LIMITS)(mails_a_look=2, messages_per_minute=0)
    assert not collect(server.mailbox), "the first one makes its row"
    for number in range(3):
        server.put(mail_to(known, f"{number}"))

    def turns(seconds: float) -> bool:
        with clock.at(standing_clock + datetime.timedelta(seconds=seconds)):
            return collect(server.mailbox)

    assert turns(0.1)
    assert said_in(known) == ["0", "1"]
    assert turns(0.2), "there was more"
    assert said_in(known) == ["0", "1", "2"]
    assert [turns(seconds) for seconds in (30.1, 30.2, 60.1, 60.3)] == [False, True, False, True]


def test_for_how_long_a_mailbox_fails_is_a_figure_of_every_process(
    server: MailServer, known: Conversation, settings: Any
) -> None:
    settings.IMAP_URL = [server.mailbox]

    def figure_of_another_process() -> float:
        turns = iter([False])
        collect_repeatedly(server.mailbox, lambda: next(turns, True))
        return float(collecting.failing_seconds._value.get())

    well, server.password = server.password, "another"
    look(server)
    Mailbox.objects.update(failing_since=clock.now() - datetime.timedelta(seconds=400))
    assert 400 <= figure_of_another_process() < 460
    server.password = well
    look(server)
    assert figure_of_another_process() == 0


def test_the_end_of_a_process_waits_for_no_server(server: MailServer, known: Conversation) -> None:
    Mailbox.objects.create(address=str(server.mailbox))
    for number in range(3):
        server.put(mail_to(known, f"{number}"))
    is_ending = threading.Event()
    thread = threading.Thread(target=collect_repeatedly, args=(server.mailbox, is_ending.is_set), daemon=True)
    thread.start()
    while not said_in(known):
        time.sleep(0.01)
    is_ending.set()
    thread.join(5)
    assert not thread.is_alive()
