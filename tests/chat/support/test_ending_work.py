"""An agent loses an inbox: they hold and read no conversation of it any more, and every customer is served on."""

import datetime
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction

from chat import clock
from chat import services as services_of_chat
from chat.models import Channel, Conversation, Member, Message, User
from chat.support import services
from delivery.wire.errors import Forbidden, NotFound
from tests.conftest import say
from tests.stage.locks import until_waiting
from tests.stage.support import Desk, Visit, note


def test_what_a_removed_agent_held_is_free_at_its_old_place(
    desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    note(desk.ada, conversation)
    services.remove_agent(desk.sue, inbox=desk.inbox, user=desk.ada.pk)
    row = Conversation.objects.get(pk=conversation.pk)
    assert (row.assignee, row.waiting_since) == (None, conversation.waiting_since)
    assert not Member.objects.filter(user=desk.ada).exists()
    for channel in (conversation.channel, Channel.objects.get(pk=row.notes_id), desk.inbox.desk):
        assert isinstance(say(desk.ada, channel, "still here?"), NotFound)
        channel.refresh_from_db()
        assert channel.member_count == Member.objects.filter(channel=channel).count()
    assert Message.objects.filter(channel=conversation.pk).latest("seq").body == "Ada left"
    event = Message.objects.filter(channel=desk.inbox.desk, event__type="conversation.released").get().event
    assert event is not None
    assert (event["assignee"], event["by"]) == (None, desk.sue.pk)
    say(vera.visitor, conversation.channel, "hello?")
    assert services.claim(desk.ben, conversation=conversation.pk).assignee == desk.ben


@pytest.mark.parametrize("comes_in", [lambda agent, row: services.enter(agent, conversation=row.pk), note])
def test_who_comes_in_while_being_removed_is_out_in_the_end(
    comes_in: Callable[..., object], desk: Desk, conversation: Conversation
) -> None:
    def remove() -> None:
        try:
            services.remove_agent(desk.sue, inbox=desk.inbox, user=desk.ada.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            comes_in(desk.ada, conversation)
            removal = other.submit(remove)
            until_waiting(1)
        removal.result()
    assert not Member.objects.filter(user=desk.ada).exists()


def test_what_is_long_resolved_stays_as_it_is(
    standing_clock: datetime.datetime, desk: Desk, conversation: Conversation
) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    note(desk.ada, conversation)
    services.resolve(desk.ada, conversation=conversation.pk)
    head = Channel.objects.get(pk=conversation.pk).head
    with clock.at(standing_clock + datetime.timedelta(days=2)):
        services.remove_agent(desk.sue, inbox=desk.inbox, user=desk.ada.pk)
    channel = Channel.objects.get(pk=conversation.pk)
    assert (channel.head, channel.member_count) == (head, 1)
    assert not Member.objects.filter(user=desk.ada).exists()


def test_nobody_leaves_a_customer_alone(desk: Desk, conversation: Conversation) -> None:
    services.claim(desk.ada, conversation=conversation.pk)
    owner = User.objects.get(is_superuser=True)
    there = {"channel": conversation.pk}
    for act in (
        partial(services_of_chat.leave_channel, desk.ada, **there),
        partial(services_of_chat.remove_member, owner, **there, user=desk.ada, reason="no"),
        partial(services_of_chat.archive_channel, owner, **there, reason="no"),
        partial(services_of_chat.change_role, owner, **there, user=desk.ada, role="owner", reason="no"),
        partial(services_of_chat.leave_channel, desk.ada, channel=desk.inbox.desk_id),
        partial(services_of_chat.remove_member, owner, channel=desk.inbox.desk_id, user=desk.ada, reason="no"),
        partial(services_of_chat.archive_channel, owner, channel=desk.inbox.desk_id, reason="no"),
    ):
        with pytest.raises(Forbidden):
            act()
    assert Member.objects.filter(user=desk.ada).count() == 2
