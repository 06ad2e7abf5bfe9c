"""Attachments of customers' mails become files, as if uploaded in the widget; refused ones are named, and the text is kept."""

import dataclasses
import io
import sys
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.management import call_command

from chat.files import storage
from chat.models import Conversation, File, Message
from chat.support.letters.addresses import reply_address
from chat.support.services.receiving import receive_mail
from delivery.wire.errors import RateLimited, Unavailable
from tests.stage.pictures import picture, zip_bomb
from tests.stage.support import VERA

pytestmark = pytest.mark.django_db(transaction=True)


def mail_to(conversation: Conversation, body: str = "See this.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = VERA, reply_address("help@shop.example", conversation.pk)
    message["Message-ID"] = "<1@home.example>"
    message.set_content(body)
    return message


def attach(
    message: EmailMessage, content: bytes, name: str, kind: str = "application/octet-stream", **more: Any
) -> None:
    main, sub = kind.split("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name, **more)


def said_in(conversation: Conversation) -> list[tuple[str, list[str]]]:
    """Each message's words, and the names of its files."""
    rows = Message.objects.filter(channel=conversation.pk, kind="text").order_by("seq")[1:]
    return [(row.body, [file["name"] for file in row.files or []]) for row in rows]


def test_what_is_attached_becomes_files_once_and_pictures_within_the_text_too(known: Conversation) -> None:
    mail = mail_to(known)
    mail.add_alternative('<p>See this. <img src="cid:logo"></p>', subtype="html")
    page: Any = mail.get_payload()[1]  # type: ignore[index]
    page.add_related(picture("PNG"), "image", "png", cid="<logo>", filename="logo.png")
    attach(mail, b"%PDF-1.4 the bill", "../Rechnung für März.pdf", "application/pdf")
    forwarded = EmailMessage()
    forwarded["Subject"], forwarded["From"] = "Before", VERA
    forwarded.set_content("What I wrote before")
    mail.add_attachment(forwarded)
    for _ in range(2):
        assert receive_mail(mail.as_bytes()) == 1
    assert said_in(known) == [("See this.", ["logo.png", "Rechnung für März.pdf", "mail.eml"])]
    kept = File.objects.get(name="mail.eml")
    assert b"What I wrote before" in storage.get(kept.folder, storage.WHOLE).read()
    assert (kept.type, kept.desk_id, kept.message is not None) == ("text/plain", known.desk_id, True)
    assert File.objects.count() == 3


def test_what_is_refused_is_named_with_its_reason_and_its_text_stays(known: Conversation, settings: Any) -> None:
    settings.LIMITS = dataclasses.replace(settings.LIMITS, visitor_quota_megabytes=1)
    mail = mail_to(known, "The text")
    attach(mail, b"GIF89a no more", "a.gif", "image/gif")
    attach(mail, b"", "b.txt", "text/plain")
    attach(mail, b"x" * (2**20 + 1), "c.bin")
    attach(mail, zip_bomb(), "d.zip", "application/zip")
    attach(mail, b"good", "e.txt", "text/plain")
    receive_mail(mail.as_bytes())
    [(body, names)] = said_in(known)
    lines = body.splitlines()
    assert (lines[0], names) == ("The text", ["e.txt"])
    assert [line[:18] for line in lines[2:]] == [
        f"(Not taken: {name}" for name in ("a.gif:", "b.txt:", "c.bin:", "d.zip:")
    ]
    for word, line in zip(("picture", "empty", "no room", "fill disks"), lines[2:], strict=True):
        assert word in line


def test_of_ten_thousand_files_ten_are_taken_and_the_others_are_counted(known: Conversation) -> None:
    mail = mail_to(known, "So many")
    attach(mail, b"0", "0.txt")
    [end] = [line for line in mail.as_bytes().splitlines() if line.startswith(b"--") and line.endswith(b"--")]
    part = end[:-2] + b"\nContent-Disposition: attachment; filename=%d.txt\n\nx\n"
    receive_mail(mail.as_bytes().replace(end, b"".join(part % number for number in range(1, 10_000)) + end))
    [(body, names)] = said_in(known)
    assert names == [f"{number}.txt" for number in range(10)]
    assert body.startswith("So many\n\n(Not taken: 10.txt, 11.txt, ")
    assert body.endswith(", 19.txt and 9,980 more: a message has at most 10 files.)")


def test_without_a_word_the_files_are_the_message(known: Conversation) -> None:
    mail = mail_to(known, "> only a quote\n")
    attach(mail, picture("JPEG"), "IMG_1.jpg", "image/jpeg")
    receive_mail(mail.as_bytes())
    assert said_in(known) == [("", ["IMG_1.jpg"])]


def test_what_a_phone_writes_around_its_pictures_is_said_whole(known: Conversation) -> None:
    mail = mail_to(known, "Before it.")
    attach(mail, picture("JPEG"), "IMG_1.jpg", "image/jpeg", disposition="inline")
    after: Any = EmailMessage()
    after.set_content("After it.")
    mail.attach(after)
    receive_mail(mail.as_bytes())
    assert said_in(known) == [("Before it.\n\nAfter it.", ["IMG_1.jpg"])]


@pytest.mark.parametrize("fault", ["storage", "limit"])
def test_what_can_not_be_stored_now_leaves_nothing_and_comes_whole_later(
    known: Conversation, settings: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    mail = mail_to(known)
    for name in ("a.txt", "b.txt"):
        attach(mail, name.encode(), name)
    limits = settings.LIMITS
    with monkeypatch.context() as meanwhile:
        if fault == "limit":
            settings.LIMITS = dataclasses.replace(limits, uploads_per_minute=1)
        else:
            put, stored = storage.put, []

            def full(folder: str, name: str, content: Any) -> None:
                stored.append(name)
                if len(stored) == 2:
                    raise OSError("the disk is full")
                put(folder, name, content)

            meanwhile.setattr(storage, "put", full)
        with pytest.raises(RateLimited if fault == "limit" else Unavailable):
            receive_mail(mail.as_bytes())
    settings.LIMITS = limits
    assert (said_in(known), File.objects.count()) == ([], 0)
    receive_mail(mail.as_bytes())
    assert said_in(known) == [("See this.", ["a.txt", "b.txt"])]


def test_files_come_through_the_command_and_begin_another_conversation_once(
    known: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    Conversation.objects.filter(pk=known.pk).update(
        state="resolved", resolved_at=known.waiting_since, reopens_until=known.waiting_since, waiting_since=None
    )
    mail = mail_to(known, "y" * 3000)
    attach(mail, b"%PDF-1.4", "bill.pdf")
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mail.as_bytes())))
        call_command("receive_mail", stdout=io.StringIO())
    [other] = Conversation.objects.exclude(pk=known.pk)
    rows = Message.objects.filter(channel=other.pk, kind="text").order_by("seq")
    assert [(len(row.body), [file["name"] for file in row.files or []]) for row in rows] == [
        (2048, ["bill.pdf"]),
        (952, []),
    ]
    # The process died after the first of them.
    rows[1].delete()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(mail.as_bytes())))
    call_command("receive_mail", stdout=io.StringIO())
    assert (rows.count(), File.objects.count(), Conversation.objects.count()) == (2, 1, 2)
