"""Mails of the support desk, through a real SMTP server: to customers who have not read, to agents who aren't looking."""

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chat import clock
from chat.models import Conversation, Member, User
from chat.support.letters.addresses import conversation_of
from chat.support.models import Contact, Mail, MailKind, Ticket
from chat.support.services.agent_mails import warn_of_dues
from chat.support.services.mailing import write_answer_mails
from chat.support.services.sending import send_mails
from tests.stage.post_office import PostOffice, post_office
from tests.stage.support import Desk, Visit, answer, count_all, open_desk, visit

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def office(settings: Any) -> Iterator[PostOffice]:
    with post_office() as office:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
        yield office


@pytest.fixture
def desk(standing_clock: datetime.datetime) -> Desk:
    return open_desk(mail_from="help@shop.example")


@pytest.fixture
def vera(desk: Desk) -> Visit:
    vera = visit(desk.inbox)
    Contact.objects.filter(visitor=vera.visitor).update(email="vera@home.example")
    return vera


def pass_minutes(standing_clock: datetime.datetime, minutes: float) -> None:
    """What the clockwork does then."""
    with clock.at(standing_clock + minutes * MINUTE):
        count_all()
        write_answer_mails()
        warn_of_dues()
        send_mails()


def reads(user: User, conversation: Conversation, seq: int) -> None:
    Member.objects.filter(user=user, channel=conversation.pk).update(read_seq=seq, delivered_seq=seq)


@pytest.mark.holds("unread_mail_seconds")
def test_unread_answers_go_out_in_one_mail_that_leads_back(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    conversation = vera.begin()
    answer(desk.ada, conversation, "It is on its way.")
    with clock.at(standing_clock + 2 * MINUTE):
        answer(desk.ada, conversation, "It comes tomorrow.")
    pass_minutes(standing_clock, 2.9)
    assert office.letters == []
    pass_minutes(standing_clock, 3)
    pass_minutes(standing_clock, 30)
    [letter] = office.letters
    assert letter["to"] == "vera@home.example"
    assert letter["from"] == "Shop <help@shop.example>"
    assert conversation_of([letter["reply-to"]]) == conversation.pk
    assert letter.get_content().index("on its way") < letter.get_content().index("comes tomorrow")


def test_what_was_read_meanwhile_is_not_mailed(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    conversation = vera.begin()
    reads(vera.visitor, conversation, answer(desk.ada, conversation, "It is on its way."))
    pass_minutes(standing_clock, 30)
    assert office.letters == []


def test_what_is_read_between_the_writing_and_the_sending_is_not_mailed(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    conversation = vera.begin()
    seq = answer(desk.ada, conversation, "It is on its way.")
    with clock.at(standing_clock + 4 * MINUTE):
        count_all()
        assert write_answer_mails() == 1
        reads(vera.visitor, conversation, seq)
        send_mails()
    assert office.letters == []
    assert Mail.objects.get(kind=MailKind.ANSWERS).dropped == "Read meanwhile."


def test_a_later_answer_has_a_mail_of_its_own_with_nothing_twice(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    conversation = vera.begin()
    answer(desk.ada, conversation, "It is on its way.")
    pass_minutes(standing_clock, 4)
    with clock.at(standing_clock + 5 * MINUTE):
        answer(desk.ada, conversation, "It comes tomorrow.")
    pass_minutes(standing_clock, 9)
    first, second = office.letters
    assert "on its way" not in second.get_content()
    assert first["message-id"] != second["message-id"]


def test_without_an_address_nothing_is_mailed(
    office: PostOffice, desk: Desk, standing_clock: datetime.datetime
) -> None:
    answer(desk.ada, visit(desk.inbox).begin(), "It is on its way.")
    pass_minutes(standing_clock, 30)
    assert not Mail.objects.filter(kind=MailKind.ANSWERS).exists()


def test_a_mail_that_the_server_defers_waits_and_goes_out_once(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    answer(desk.ada, vera.begin(), "It is on its way.")
    office.reply = "451 not now"
    pass_minutes(standing_clock, 4)
    assert office.letters == []
    office.reply = None
    pass_minutes(standing_clock, 5)
    pass_minutes(standing_clock, 70)
    assert len(office.letters) == 1


def test_a_mail_that_the_server_refuses_is_given_up(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    answer(desk.ada, vera.begin(), "It is on its way.")
    office.reply = "550 nobody here"
    pass_minutes(standing_clock, 4)
    assert Mail.objects.get(kind=MailKind.ANSWERS).dropped == "The mail server refused it (550)."


def test_a_process_that_dies_over_a_mail_sends_it_twice_at_most_with_one_message_id(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    answer(desk.ada, vera.begin(), "It is on its way.")

    # As after a kill -9: the mail was taken, and nobody noted it.
    office.hangs_up = True
    for minutes in (4, 6, 8, 10):
        pass_minutes(standing_clock, minutes)
    assert len(office.letters) == 2
    assert len({letter["message-id"] for letter in office.letters}) == 1


def test_agents_who_are_not_looking_are_told_of_who_waits(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    User.objects.filter(pk=desk.ada.pk).update(email="ada@shop.example")
    User.objects.filter(pk=desk.ben.pk).update(email="ben@shop.example")
    Member.objects.filter(user=desk.ben).update(last_seen=standing_clock)
    conversation = vera.begin("My secret is swordfish.")
    pass_minutes(standing_clock, 0)
    pass_minutes(standing_clock, 4)
    [letter] = office.letters
    assert letter["to"] == "ada@shop.example"
    assert "swordfish" not in letter.get_content()
    assert f"/admin/desk/#{conversation.pk}" in letter.get_content()
    assert letter["reply-to"] is None


def test_who_was_answered_meanwhile_is_told_of_to_nobody(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    User.objects.filter(pk=desk.ada.pk).update(email="ada@shop.example")
    conversation = vera.begin()
    pass_minutes(standing_clock, 0)
    reads(vera.visitor, conversation, answer(desk.ben, conversation, "Hello!"))
    pass_minutes(standing_clock, 4)
    assert office.letters == []


@pytest.mark.parametrize(
    "end", [lambda ada: ada.agencies.all().delete(), lambda ada: User.objects.filter(pk=ada.pk).update(is_active=False)]
)
def test_who_is_no_agent_any_more_is_told_of_nobody(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime, end: Callable[[User], object]
) -> None:
    User.objects.filter(pk=desk.ada.pk).update(email="ada@shop.example")
    vera.begin()
    pass_minutes(standing_clock, 0)
    end(desk.ada)
    pass_minutes(standing_clock, 4)
    assert office.letters == []
    assert Mail.objects.get(agent=desk.ada).dropped


@pytest.mark.holds("due_soon_seconds")
def test_agents_are_warned_once_of_what_is_due_soon(
    office: PostOffice, desk: Desk, vera: Visit, standing_clock: datetime.datetime
) -> None:
    User.objects.filter(pk=desk.ada.pk).update(email="ada@shop.example")
    conversation = vera.begin()
    count_all()
    Mail.objects.all().delete()
    Ticket.objects.filter(pk=conversation.pk).update(first_due=standing_clock + 20 * MINUTE)
    pass_minutes(standing_clock, 4.9)
    assert office.letters == []
    pass_minutes(standing_clock, 5)
    pass_minutes(standing_clock, 10)
    [letter] = office.letters
    assert letter["subject"] == "Shop: an answer is due soon"
