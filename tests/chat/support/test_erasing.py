"""Erasing a contact, and an inbox's retention: messages are deleted, figures stay."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from chat import clock
from chat.models import AuditEntry, Channel, Conversation, Message, User
from chat.reads.cache import recent
from chat.services import keep_channel
from chat.support import services
from chat.support.models import Contact, Inbox, Interval, Rating, Ticket
from chat.support.services.erasing import erase_contact, erase_expired
from delivery.wire.errors import Conflict, Forbidden, NotFound
from tests.conftest import said
from tests.stage.locks import until_waiting
from tests.stage.support import Desk, Visit, answer, count_all, note

pytestmark = pytest.mark.django_db(transaction=True)

DAY = datetime.timedelta(days=1)


@pytest.fixture
def resolved(desk: Desk, vera: Visit, standing_clock: datetime.datetime) -> Conversation:
    """Begun and answered, with all that a contact can have."""
    conversation = vera.begin("My address is Elm Street 7.")
    answer(desk.ada, conversation, "Thank you, Vera.")
    notes = note(desk.ada, conversation)
    said(desk.ada, Channel.objects.get(pk=notes))
    count_all()
    # The newest line of the desk is another one, and Redis has what is read of its log.
    services.change_inbox(desk.sue, inbox=desk.inbox.pk, name="Store")
    assert recent.rebuild(desk.inbox.desk_id)
    Contact.objects.filter(visitor=vera.visitor).update(
        email="vera@home.example", identity="17", attributes={"plan": "x"}
    )
    Ticket.objects.filter(pk=conversation.pk).update(page="https://shop.example/vera", locale="de", labels=["vera"])
    Conversation.objects.filter(pk=conversation.pk).update(state="resolved", resolved_at=clock.now(), assignee=None)
    Rating.objects.create(conversation=conversation, episode=1, score=5, comment="Vera was here")
    return conversation


def assert_words_are_gone(conversation: Conversation, desk: Desk) -> None:
    assert not Message.objects.filter(channel=conversation.pk).exists()
    assert Channel.objects.get(pk=conversation.pk).name == "Erased visitor"
    assert "Vera" not in " ".join(Message.objects.filter(channel=desk.inbox.desk_id).values_list("body", flat=True))
    notes = Channel.objects.get(noted=conversation.pk)
    assert (notes.name, Message.objects.filter(channel=notes).count()) == ("Erased visitor", 0)
    # Numbers without a message are no gaps; nothing is gone from the desk's own log.
    assert [row.floor == row.head > 0 for row in Channel.objects.filter(pk__in=[conversation.pk, notes.pk])] == [
        True
    ] * 2
    assert Channel.objects.get(pk=desk.inbox.desk_id).floor == 0
    assert "Vera" not in str(recent.newest(desk.inbox.desk_id, 20))
    ticket = Ticket.objects.get(pk=conversation.pk)
    assert (ticket.page, ticket.locale, ticket.labels) == ("", "", [])
    rating = Rating.objects.get()
    assert (rating.score, rating.comment) == (5, "")
    assert Interval.objects.filter(conversation=conversation, kind="first").count() == 1


def test_an_erased_contact_is_nobody_any_more_and_the_figures_stay(
    desk: Desk, vera: Visit, resolved: Conversation
) -> None:
    assert erase_contact(desk.sue, visitor=vera.visitor.pk, reason="She asked for it.") == 1
    assert_words_are_gone(resolved, desk)
    contact, user = Contact.objects.get(), User.objects.get(pk=vera.visitor.pk)
    assert (contact.email, contact.identity, contact.attributes) == ("", "", {})
    assert (user.display_name, user.is_active, user.tokens.count()) == ("Erased visitor", False, 0)
    assert AuditEntry.objects.get(act="contact.erased").reason == "She asked for it."


def test_only_a_supervisor_erases_and_only_what_is_resolved(desk: Desk, vera: Visit, resolved: Conversation) -> None:
    with pytest.raises(Forbidden):
        erase_contact(desk.ada, visitor=vera.visitor.pk, reason="x")
    with pytest.raises(NotFound):
        erase_contact(desk.dan, visitor=vera.visitor.pk, reason="x")
    vera.begin("One more question")
    with pytest.raises(Conflict):
        erase_contact(desk.sue, visitor=vera.visitor.pk, reason="x")
    assert Message.objects.filter(channel=resolved.pk, kind="text").count() == 2


def erased_or_refused(desk: Desk, vera: Visit) -> object:
    """In another thread."""
    try:
        return erase_contact(desk.sue, visitor=vera.visitor.pk, reason="She asked for it.")
    except Conflict as refused:
        return refused
    finally:
        connection.close()


def test_a_hold_that_comes_while_a_contact_is_erased_wins(desk: Desk, vera: Visit, resolved: Conversation) -> None:
    notes = Channel.objects.get(noted=resolved.pk).pk
    for held in (resolved.pk, notes):
        with ThreadPoolExecutor(1) as other:
            with transaction.atomic():
                keep_channel(None, channel=held, keeps_days=None, is_held=True, reason="The law.")
                erasing = other.submit(erased_or_refused, desk, vera)
                until_waiting(1)
            assert isinstance(erasing.result(), Conflict)
        assert Message.objects.filter(channel=resolved.pk).exists()
        assert Contact.objects.get().email == "vera@home.example"
        keep_channel(None, channel=held, keeps_days=None, is_held=False, reason="The law.")
    assert erase_contact(desk.sue, visitor=vera.visitor.pk, reason="She asked for it.") == 1


def test_who_begins_while_being_erased_is_not_erased_over_it(desk: Desk, vera: Visit, resolved: Conversation) -> None:
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            vera.begin("One more question")
            erasing = other.submit(erased_or_refused, desk, vera)
            until_waiting(1)
        assert isinstance(erasing.result(), Conflict)
    assert User.objects.get(pk=vera.visitor.pk).display_name == "Vera"
    services.resolve(desk.sue, conversation=Conversation.objects.latest("pk").pk)
    assert erase_contact(desk.sue, visitor=vera.visitor.pk, reason="She asked for it.") == 2
    with pytest.raises(Forbidden):
        vera.begin("And another")


def test_an_inbox_erases_what_it_keeps_no_longer(
    desk: Desk, resolved: Conversation, standing_clock: datetime.datetime
) -> None:
    with clock.at(standing_clock + 31 * DAY):
        assert erase_expired() == 0
    Inbox.objects.update(keeps_days=30)
    with clock.at(standing_clock + 30 * DAY):
        assert erase_expired() == 0
    with clock.at(standing_clock + 31 * DAY):
        assert (erase_expired(), erase_expired()) == (1, 0)
    assert_words_are_gone(resolved, desk)
    assert Contact.objects.get().email == "vera@home.example"
