"""A16: an answer that stays unread goes out by mail from a web process, and the mail's answer leads back in."""

import uuid
from collections.abc import Callable
from email.message import EmailMessage

import httpx
import pytest

from chat.support.models import Contact, Inbox
from tests.stage.mailboxes import mail_server
from tests.stage.post_office import post_office
from tests.stage.servers import Server
from tests.stage.support import Desk, Visit, support_api, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a16_an_unread_answer_is_mailed_once_with_all_unread_ones_and_a_read_one_is_not(
    own_server: Callable[..., Server], desk: Desk, vera: Visit
) -> None:
    Inbox.objects.filter(pk=desk.inbox.pk).update(mail_from="help@shop.example")
    Contact.objects.filter(visitor=vera.visitor).update(email="vera@home.example")
    unread, read = vera.begin("Where is my parcel?"), vera.begin("And the other one?")
    with post_office() as office, mail_server() as mails, mail_server() as silent:
        # What never answers keeps no other mailbox from being collected.
        silent.trouble = "silent"
        server = own_server(
            EMAIL_URL=office.url,
            IMAP_URL=f"{silent.url},{mails.url}",
            GAPLESS_LIMIT_UNREAD_MAIL_SECONDS="2",
            GAPLESS_LIMIT_MAILBOX_SECONDS="1",
        )
        with desk.http(server, desk.ada) as ada, support_api(server, vera.secret) as customer:
            for pk, body in ((unread.pk, "It left."), (unread.pk, "It comes tomorrow."), (read.pk, "Yours too.")):
                said = ada.post(f"conversations/{pk}/answer/", json={"client_msg_id": str(uuid.uuid4()), "body": body})
                assert said.status_code == 201, said.text
            api = f"{server.url}/api/v1"
            assert customer.post(f"{api}/channels/{read.pk}/read/", json={"seq": said.json()["seq"]}).status_code == 200
            [letter] = office.wait_for(1, within=25)
            assert (letter["to"], "Yours too." in letter.get_content()) == ("vera@home.example", False)
            assert letter.get_content().index("It left.") < letter.get_content().index("It comes tomorrow.")
            mails.put(answer_to(letter))
            wait_until(lambda: said_last(customer, api, unread.pk) == ("Thank you!", vera.visitor.pk))
            figures = httpx.get(f"{server.url}/metrics", trust_env=False).text
            assert 'gapless_mails_collected_total{outcome="refused"} 0.0' in figures
        assert len(office.letters) == 1


def answer_to(letter: EmailMessage) -> bytes:
    """As a mail program writes it."""
    answer = EmailMessage()
    answer["From"], answer["To"] = letter["to"], letter["reply-to"]
    answer["Message-ID"], answer["In-Reply-To"] = "<17@home.example>", letter["message-id"]
    quoted = "\n".join(f"> {line}" for line in letter.get_content().splitlines())
    answer.set_content(f"Thank you!\n\nOn Monday, Shop <help@shop.example> wrote:\n{quoted}\n")
    return answer.as_bytes()


def said_last(customer: httpx.Client, api: str, channel: int) -> tuple[str, int]:
    last = customer.get(f"{api}/channels/{channel}/messages/").json()["results"][0]
    return last["body"], last["sender"]["id"]
