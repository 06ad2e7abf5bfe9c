"""How a conversation begins: once for a message, with its line in both logs, and not too often."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from chat import clock
from chat.middleware import caller
from chat.models import Channel, Conversation, Door, Member, Message
from chat.support import services
from chat.support.models import Contact, Inbox, Ticket
from delivery.wire.errors import Conflict, Empty, Forbidden, NotFound, RateLimited
from tests.conftest import said
from tests.stage.counting import time_passes
from tests.stage.locks import until_waiting
from tests.stage.servers import EXPECT_SECONDS
from tests.stage.support import Desk, Visit


def test_a_conversation_begins_with_its_first_message_and_the_desk_is_told(desk: Desk, vera: Visit) -> None:
    conversation, is_new = services.begin(
        vera.visitor,
        client_msg_id=uuid.uuid4(),
        body="Where is it?",
        page="https://vera:word@shop.example/cart?secret=1#top",
        locale="de-AT",
    )
    assert is_new
    channel = conversation.channel
    assert (channel.kind, channel.is_support, channel.head, channel.member_count) == ("private", True, 2, 1)
    begun, message = Message.objects.filter(channel=channel).order_by("seq")
    assert begun.event == {"type": "conversation.begun", "user": vera.visitor.pk}
    assert (message.body, message.kind, message.sender) == ("Where is it?", "text", vera.visitor)
    assert conversation.waiting_since == message.created_at
    ticket = Ticket.objects.get(conversation=conversation)
    assert (ticket.inbox, ticket.page, ticket.locale) == (desk.inbox, "https://shop.example/cart", "de-AT")
    last = Message.objects.filter(channel=desk.inbox.desk).latest("seq")
    assert last.event is not None
    assert last.event["type"] == "conversation.begun"
    assert {name: last.event[name] for name in ("conversation", "state", "assignee", "episode", "by")} == {
        "conversation": conversation.pk,
        "state": "open",
        "assignee": None,
        "episode": 1,
        "by": vera.visitor.pk,
    }
    assert last.event["waiting_since"] is not None
    [member] = Member.objects.filter(channel=channel)
    assert (member.user, member.role, member.read_seq) == (vera.visitor, "member", 1)


def test_the_same_first_message_at_once_begins_one_conversation(desk: Desk, vera: Visit) -> None:
    first = {"client_msg_id": uuid.uuid4(), "body": "Where is it?"}

    def begin(_: int) -> tuple[int, bool]:
        try:
            with caller.with_origin(Door.API, None):
                conversation, is_new = services.begin(vera.visitor, **first)  # type: ignore[arg-type]
                return conversation.pk, is_new
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(begin, range(10)))
    assert len({conversation for conversation, _ in found}) == 1
    assert sum(is_new for _, is_new in found) == 1
    assert (Conversation.objects.count(), Message.objects.filter(sender=vera.visitor, kind="text").count()) == (1, 1)
    with pytest.raises(Conflict):
        services.begin(vera.visitor, **{**first, "body": "Something else"})  # type: ignore[arg-type]


def test_a_message_that_another_tab_posts_to_an_earlier_conversation_begins_none(
    desk: Desk, vera: Visit, conversation: Conversation
) -> None:
    key, is_posted, release = uuid.uuid4(), threading.Event(), threading.Event()

    def post() -> None:
        try:
            with transaction.atomic():
                said(vera.visitor, conversation.channel, "Hello?", client_msg_id=key)
                is_posted.set()
                release.wait()
        finally:
            connections.close_all()

    def begin(body: str) -> tuple[Conversation, bool]:
        try:
            return services.begin(vera.visitor, client_msg_id=key, body=body)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        posting = pool.submit(post)
        try:
            assert is_posted.wait(EXPECT_SECONDS)
            same, other = pool.submit(begin, "Hello?"), pool.submit(begin, "Hello!")
            until_waiting(2)
        finally:
            release.set()
        posting.result()
        assert same.result() == (conversation, False)
        with pytest.raises(Conflict):
            other.result()
    assert Conversation.objects.count() == 1


@pytest.mark.holds("conversations_per_hour")
def test_six_conversations_are_begun_an_hour_and_not_one_more(desk: Desk, vera: Visit) -> None:
    with caller.with_origin(Door.API, None):
        for _ in range(6):
            vera.begin()
        with pytest.raises(RateLimited, match="6 conversations an hour"):
            vera.begin()
        time_passes(3601, allowance=services.beginning.BEGINNINGS, user=vera.visitor)
        vera.begin()
    assert Conversation.objects.count() == 7


def test_what_can_not_begin_leaves_nothing(desk: Desk, vera: Visit) -> None:
    with pytest.raises(Empty):
        vera.begin("   ")
    Contact.objects.filter(visitor=vera.visitor).update(blocked_at=clock.now())
    with pytest.raises(Forbidden):
        vera.begin()
    Contact.objects.filter(visitor=vera.visitor).update(blocked_at=None)
    Inbox.objects.update(is_enabled=False)
    with pytest.raises(NotFound):
        vera.begin()
    with pytest.raises(Forbidden):
        services.begin(desk.ada, client_msg_id=uuid.uuid4(), body="I am no visitor")
    assert not Conversation.objects.exists()
    assert not Channel.objects.filter(is_support=True).exists()
