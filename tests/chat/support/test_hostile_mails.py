"""Mails that are made to do harm: who they say they are, what they refer to, and what they are made of."""

import base64
import dataclasses
import time
from typing import Any

import pytest

from chat.middleware import caller
from chat.models import Conversation, Door, File, Message, User
from chat.support.letters.addresses import reply_address
from chat.support.letters.head import read_head
from chat.support.letters.outgoing import letter
from chat.support.models import Contact, Mail, MailKind
from chat.support.services.receiving import receive_mail
from delivery.wire.errors import Forbidden, Invalid, NotFound, RateLimited
from tests.stage.support import VERA, Desk, visit

OTTO = "otto@home.example"


@pytest.fixture
def ottos(desk: Desk) -> Conversation:
    other = visit(desk.inbox, "Otto")
    Contact.objects.filter(visitor=other.visitor).update(email=OTTO)
    return other.begin("Mine")


def address(conversation: Conversation) -> str:
    return reply_address("help@shop.example", conversation.pk)


def mail(to: str, *lines: str, sender: str = VERA, body: bytes = b"Hello") -> bytes:
    head = [f"From: {sender}", f"To: {to}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def said_in(conversation: Conversation) -> list[str]:
    rows = Message.objects.filter(channel=conversation.pk, kind="text").order_by("seq")
    return [row.body for row in rows][1:]


def test_nobody_writes_as_somebody_else(desk: Desk, known: Conversation, ottos: Conversation) -> None:
    User.objects.filter(pk=desk.ada.pk).update(email="ada@shop.example")
    true, forged = address(known), address(known).replace(f"+{known.pk}-", f"+{ottos.pk}-")
    for to, sender, lines in (
        # An agent, a colleague with that very token, the desk itself.
        (true, "ada@shop.example", ()),
        (true, OTTO, ()),
        (true, "help@shop.example", ()),
        # The customer's address beside another one, or as its name.
        (true, f'"{VERA}" <mallory@evil.example>', ()),
        (true, f"mallory@evil.example\r\nX-From: {VERA}", ()),
        (true, f"mallory@evil.example, {VERA}", ()),
        (true, f"mallory@evil.example\r\nReply-To: {VERA}\r\nSender: {VERA}", ()),
        (true, "(" * 3000, ()),
    ):
        with pytest.raises(Forbidden):
            receive_mail(mail(to, *lines, sender=sender))
    # Another conversation's number with this one's signature; that conversation in everything but the address.
    for to in (forged, "help@shop.example"):
        with pytest.raises(NotFound):
            receive_mail(mail(to, f"References: <conversation-{ottos.pk}@shop.example>", f"Subject: Re: {true}"))
    assert (said_in(known), said_in(ottos)) == ([], [])


def test_a_reply_is_said_where_its_address_leads_whatever_it_refers_to(
    known: Conversation, ottos: Conversation
) -> None:
    same = "Message-ID: <1@home.example>"
    receive_mail(mail(address(ottos), same, sender=OTTO))
    receive_mail(mail(address(known), same, f"In-Reply-To: <conversation-{ottos.pk}@shop.example>"))
    # A Message-ID that was there before hides no other words.
    receive_mail(mail(address(known), same, body=b"Something else"))
    receive_mail(mail(f"{address(known)}, {address(ottos)}", "Message-ID: <2@home.example>", body=b"Once"))
    assert (said_in(known), said_in(ottos)) == (["Hello", "Something else", "Once"], ["Hello"])


def test_what_we_sent_ourselves_is_no_answer(desk: Desk, known: Conversation) -> None:
    # The customer gave an address that leads back here.
    desk.inbox.mail_from = "help@shop.example"
    own = letter(Mail(conversation=known, kind=MailKind.ANSWERS, number=1, address=address(known)), desk.inbox, "Hi")
    assert receive_mail(own.message().as_bytes()) == 0
    assert said_in(known) == []


def test_mails_are_limited_like_messages(known: Conversation, settings: Any) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, messages_per_minute=3)
    with caller.with_origin(Door.MAIL, None):
        for number in range(2):
            receive_mail(mail(address(known), f"Message-ID: <{number}@home.example>"))
        with pytest.raises(RateLimited):
            receive_mail(mail(address(known), "Message-ID: <8@home.example>", body=b"x" * 5000))
        assert len(said_in(known)) == 2, "nothing of the long one"
        receive_mail(mail(address(known), "Message-ID: <2@home.example>"))
        # A repeat is free.
        assert receive_mail(mail(address(known), "Message-ID: <1@home.example>")) == 1
        with pytest.raises(RateLimited):
            receive_mail(mail(address(known), "Message-ID: <9@home.example>"))


LIES = {
    "halves of pairs": (["Content-Type: text/plain; charset=utf-7"], b"x +2AA- y", "x ? y"),
    "no text encoding": (["Content-Type: text/plain; charset=zlib"], b"x", "x"),
    "no charset": (['Content-Type: text/plain; charset="\x00\xff"'], "ü".encode(), "ü"),
    "another charset": (["Content-Type: text/plain; charset=us-ascii"], "ü".encode(), "\ufffd\ufffd"),
    "NUL": ([], b"a\x00b", "ab"),
    "broken base64": (["Content-Transfer-Encoding: base64"], b"SGVsbG8!!!=", "Hello"),
    "a huge subject": ([f"Subject: {'=?utf-8?q?x?= ' * 4000}"], b"Hello", "Hello"),
    "script": (
        ["Content-Type: text/html"],
        b"<script>steal()</script><style>p{}</style><p onclick=x()>Hi<img src=x onerror=steal()> &lt;b&gt;</p><!-- no -->",
        "Hi <b>",
    ),
    "an unclosed script": (["Content-Type: text/html"], b"<p>Hi</p><script>steal()", "Hi"),
    "an empty plain form": (
        ["Content-Type: multipart/alternative; boundary=b"],
        b"--b\r\n\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n--b--",
        "Hi",
    ),
    "no end": (["Content-Type: multipart/mixed; boundary=b"], b"--b\r\n\r\nHi", "Hi"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_mail_that_lies_about_itself_is_said_as_far_as_it_can_be_read(known: Conversation, lie: str) -> None:
    lines, body, expected = LIES[lie]
    raw = mail(address(known), *lines, body=body)
    receive_mail(raw)
    [said] = said_in(known)
    assert said.strip() == expected


def test_a_name_brings_no_line_and_no_path_with_it(known: Conversation) -> None:
    name = base64.b64encode("../../etc/a\r\nX-Evil: b\u202egnp.exe".encode()).decode()
    disposition = f'Content-Disposition: attachment; filename="=?utf-8?b?{name}?="'
    receive_mail(mail(address(known), disposition, body=b"some text"))
    assert File.objects.get().name == "a X-Evil: bgnp.exe"
    # As many write it, though it is against the rules.
    raw = mail(address(known), 'Content-Disposition: attachment; filename="Grün.txt"', body=b"text")
    receive_mail(raw)
    assert File.objects.latest("pk").name == "Grün.txt"


DEEP = b"".join(b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1) for n in range(3000))


def test_what_is_made_to_never_end_is_refused_soon_and_a_strangers_is_not_even_opened(known: Conversation) -> None:
    for lines, body in (
        (["Content-Type: multipart/mixed; boundary=0"], DEEP),
        (["Content-Type: message/rfc822"], b"Content-Type: message/rfc822\r\n\r\n" * 3000),
    ):
        with pytest.raises(Invalid):
            receive_mail(mail(address(known), *lines, body=body))
    began = time.process_time()
    for head in (b"From: " + b"(" * 2**20, b"To: " + b"a@b," * 2**18, b"a: b\r\n" * 2**18, b"Content-Type: a;" * 2**16):
        read_head(head)
        with pytest.raises(NotFound):
            receive_mail(head + b"\r\n\r\n" + b"--b\r\n\r\n" * 2**18)
    assert time.process_time() - began < 2
    assert said_in(known) == []
