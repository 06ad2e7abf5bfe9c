"""Customers' mails become messages of their conversation, once; mails of machines do not."""

import io
import sys
from email.message import EmailMessage

import pytest
from django.core.management import CommandError, call_command

from chat.models import Conversation, Message
from chat.support.letters.addresses import reply_address
from chat.support.letters.incoming import ANSWER_ABOVE
from chat.support.models import Contact
from chat.support.services.receiving import receive_mail
from delivery.wire.errors import Empty, Forbidden, NotFound, TooLong
from tests.stage.support import VERA

pytestmark = pytest.mark.django_db(transaction=True)


def mail_to(conversation: Conversation, body: str = "Thank you!", **headers: str) -> bytes:
    message = EmailMessage()
    given = {
        "From": f"Vera <{VERA}>",
        "To": reply_address("help@shop.example", conversation.pk),
        "Message-ID": "<1@home.example>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    for name, value in given.items():
        message[name] = value
    message.set_content(body)
    return message.as_bytes()


def said_in(conversation: Conversation) -> list[str]:
    return list(
        Message.objects.filter(channel=conversation.pk, kind="text").order_by("seq").values_list("body", flat=True)
    )[1:]


def test_a_mail_is_said_in_its_conversation_once(known: Conversation) -> None:
    for _ in range(2):
        assert receive_mail(mail_to(known, "Thank you!\nBye.")) == 1
    assert said_in(known) == ["Thank you!\nBye."]


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 23 Nov 2026 at 10:00, Shop <help@shop.example> wrote:\n> It comes.",
        "On Mon, 23 Nov 2026 at 10:00, Shop\n<help@shop.example> wrote:\n> It comes.",
        "Am 23.11.26 um 10:00 schrieb Shop:\n> It comes.",
        f"> {ANSWER_ABOVE}\n> It comes.",
        "-----Original Message-----\nFrom: Shop\n\nIt comes.",
    ],
)
def test_what_a_mail_quotes_is_not_said_again(known: Conversation, quoted: str) -> None:
    receive_mail(mail_to(known, f"On my way.\n\n{quoted}"))
    assert said_in(known) == ["On my way."]


def test_a_mail_of_html_alone_is_said_as_text(known: Conversation) -> None:
    message = EmailMessage()
    message["From"], message["To"] = VERA, reply_address("help@shop.example", known.pk)
    message.set_content("<style>p{}</style><p>Five &lt; six</p><p>Bye<script>x()</script></p>", subtype="html")
    receive_mail(message.as_bytes())
    assert said_in(known) == ["Five < six\nBye"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; type=x"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
        {"List_Id": "<news.shop.example>"},
        {"X_Auto_Response_Suppress": "All"},
    ],
)
def test_what_a_machine_wrote_is_dropped_and_answered_by_nothing(known: Conversation, headers: dict[str, str]) -> None:
    assert receive_mail(mail_to(known, **headers)) == 0
    assert said_in(known) == []


@pytest.mark.parametrize("address", ["help@shop.example", "help+{pk}-00000000000000000000@shop.example"])
def test_an_address_without_a_true_signature_leads_nowhere(known: Conversation, address: str) -> None:
    with pytest.raises(NotFound):
        receive_mail(mail_to(known, To=address.format(pk=known.pk)))


def test_a_stranger_who_has_the_address_is_refused(known: Conversation) -> None:
    with pytest.raises(Forbidden):
        receive_mail(mail_to(known, From="mallory@evil.example"))


def test_a_blocked_customer_is_refused(known: Conversation) -> None:
    Contact.objects.filter(visitor=known.visitor_id).update(blocked_at=known.waiting_since)
    with pytest.raises(Forbidden):
        receive_mail(mail_to(known))


def test_a_mail_that_says_nothing_is_refused(known: Conversation) -> None:
    with pytest.raises(Empty):
        receive_mail(mail_to(known, "> It comes.\n"))


@pytest.mark.holds("mail_parts")
def test_a_long_mail_becomes_twenty_messages_at_most(known: Conversation) -> None:
    lines = [f"{number} " + "ü" * 1000 for number in range(20)]
    assert receive_mail(mail_to(known, "\n".join(lines))) == 20
    assert said_in(known) == lines
    with pytest.raises(TooLong):
        receive_mail(mail_to(known, "\n".join([*lines, lines[0]]), Message_ID="<2@home.example>"))


def test_a_mail_to_what_is_over_begins_another_conversation_once(known: Conversation) -> None:
    Conversation.objects.filter(pk=known.pk).update(
        state="resolved", resolved_at=known.waiting_since, reopens_until=known.waiting_since, waiting_since=None
    )
    long = mail_to(known, "One more thing. " + "x" * 3000)
    for _ in range(2):
        assert receive_mail(long) == 2
    [other] = Conversation.objects.exclude(pk=known.pk)
    assert Message.objects.filter(channel=other.pk, kind="text").count() == 2
    assert said_in(known) == []


@pytest.mark.holds("mail_bytes")
def test_a_mail_has_ten_mebibytes_at_most(known: Conversation) -> None:
    most = 10 * 1024 * 1024
    head = mail_to(known)
    with pytest.raises(NotFound):
        receive_mail(b"X-Filler: x\r\n\r\n".ljust(most, b"x"))
    with pytest.raises(TooLong):
        receive_mail(head.ljust(most + 1, b"x"))


def test_the_command_takes_a_mail_from_standard_input(known: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(monkeypatch, mail_to(known, To="hidden@shop.example"))
    call_command("receive_mail", to=[reply_address("help@shop.example", known.pk)], stdout=io.StringIO())
    assert said_in(known) == ["Thank you!"]


def test_the_command_tells_the_mail_server_why_it_refuses(known: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    for raw, code in ((mail_to(known, To="help@shop.example"), 67), (mail_to(known, From="m@x.example"), 77)):
        hand_in(monkeypatch, raw)
        with pytest.raises(CommandError) as refused:
            call_command("receive_mail")
        assert refused.value.returncode == code


def hand_in(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
