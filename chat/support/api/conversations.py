"""Conversations: visitors begin them; agents read the queue, one conversation, its messages and its notes."""

import datetime
from collections.abc import Sequence
from typing import Any

import msgspec
from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import documented, one_of, text, whole
from chat.api.inputs import or_none
from chat.api.pages import address, listed, number, page_size
from chat.api.users import caller, checked
from chat.models import Conversation, ConversationState
from chat.reads import history
from chat.support import services
from chat.support import shapes as told
from chat.support.api.inputs import ConversationRevision, FirstMessage
from chat.support.models import Priority
from chat.support.reads.own import own_conversation, own_conversations
from delivery.wire import ids
from delivery.wire.errors import Invalid

LIMITS = settings.LIMITS
WHOSE = ("mine", "unassigned", "all")


class Conversations(APIView):
    for_visitors = frozenset({"GET", "POST"})

    @documented(
        told.QueuePage[told.SupportConversation] | told.QueuePage[told.OwnConversation],
        query={
            "inbox": whole("Only of this inbox."),
            "state": {
                "type": "string",
                "enum": [*ConversationState.values],
                "description": "Only conversations in this state; default: all that are not resolved.",
            },
            "whose": one_of(*WHOSE, default="all"),
            "visitor": whole("Only of this customer."),
            "cursor": text("Where the page begins: `next_cursor` of the page before."),
            "page_size": whole("Rows a page, for programs.", least=1, most=LIMITS.page_most, default=LIMITS.page),
        },
        refuses=[404],
    )
    def get(self, request: Request) -> Response:
        """Lists the queue of the caller's inboxes, 20 a page: the longest wait first, resolved conversations the latest first.

        A visitor gets their own conversations, the newest first.
        """
        if caller(request).is_visitor:
            return _own(request)
        state, whose = request.query_params.get("state"), request.query_params.get("whose", "all")
        if state is not None and state not in ConversationState.values:
            raise Invalid(f"state is one of {', '.join(ConversationState.values)}.")
        if whose not in WHOSE:
            raise Invalid(f"whose is one of {', '.join(WHOSE)}.")
        tickets, following = services.queue(
            caller(request),
            inbox=number(request, "inbox"),
            state=state,
            whose=whose,
            visitor=number(request, "visitor"),
            after=_place(request.query_params.get("cursor")),
            size=page_size(request),
        )
        cursor = None if following is None else f"{following.at.isoformat()}~{following.conversation}"
        return _queue_page(request, [told.conversation_of(ticket) for ticket in tickets], cursor)

    @documented(
        {201: told.OwnConversation, 200: told.OwnConversation},
        takes=FirstMessage(
            client_msg_id="0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10",
            body="Where is my parcel?",
            page="https://shop.example/orders/7",
            locale="en-GB",
        ),
        refuses=[404, 409],
    )
    def post(self, request: Request) -> Response:
        """For visitors: begins a conversation with its first message: 201; a repeat of this message: 200."""
        given = checked(FirstMessage, request)
        conversation, is_new = services.begin(
            caller(request),
            client_msg_id=ids.read_uuid(given.client_msg_id),
            body=given.body,
            files=tuple(given.files),
            page=given.page,
            locale=given.locale,
        )
        own = own_conversation(caller(request), conversation=conversation.pk)
        return Response(told.own_conversation_of(own), status=201 if is_new else 200)


class ConversationCounts(APIView):
    @documented(told.QueueCounts, query={"inbox": whole("Only of this inbox.")}, refuses=[404])
    def get(self, request: Request) -> Response:
        """Counts the conversations of the caller's inboxes that are not resolved."""
        return Response(told.counts_of(services.count_queue(caller(request), inbox=number(request, "inbox"))))


class OneConversation(APIView):
    for_visitors = frozenset({"GET"})

    @documented(told.SupportConversation | told.OwnConversation)
    def get(self, request: Request, pk: int) -> Response:
        """Returns a conversation to its inbox's agents. Its customer gets only `id`, `state`, `head` and `assignee`."""
        user = caller(request)
        if user.is_visitor:
            return Response(told.own_conversation_of(own_conversation(user, conversation=pk)))
        return described(request, pk)

    @documented(told.SupportConversation, takes=ConversationRevision(priority=Priority.HIGH, labels=["parcel"]))
    def patch(self, request: Request, pk: int) -> Response:
        """Changes priority or labels; fields that are left out stay."""
        given = checked(ConversationRevision, request)
        services.revise(
            caller(request), conversation=pk, priority=or_none(given.priority), labels=or_none(given.labels)
        )
        return described(request, pk)


_history_documented = documented(
    shapes.HistoryPage[shapes.Message],
    query={"before": whole("Only before this seq."), "after": whole("Only after this seq.")},
    one_of=["before", "after"],
)


class ConversationMessages(APIView):
    @_history_documented
    def get(self, request: Request, pk: int) -> Response:
        """Lists messages, newest first: for members of the conversation, supervisors, and agents with the right `read_support`."""
        return _history(request, pk, _readable(request, pk).pk)


class ConversationNotes(APIView):
    @_history_documented
    def get(self, request: Request, pk: int) -> Response:
        """Lists the internal notes, newest first, to agents who may read the conversation."""
        # 0 is the id of no channel: without notes the list is empty.
        return _history(request, pk, _readable(request, pk).notes_id or 0)


def _readable(request: Request, pk: int) -> Conversation:
    ticket = services.ticket_of(caller(request), conversation=pk)
    services.require_reader(caller(request), ticket.conversation, ticket.inbox)
    return ticket.conversation


def described(request: Request, pk: int) -> Response:
    """The response with the conversation as it is now, for an agent of its inbox."""
    return Response(told.conversation_of(services.ticket_of(caller(request), conversation=pk)))


def _own(request: Request) -> Response:
    size, cursor = page_size(request), number(request, "cursor")
    rows = own_conversations(caller(request))
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    found = list(rows.order_by("-pk")[: size + 1])
    following = str(found[size - 1].pk) if len(found) > size else None
    return _queue_page(request, [told.own_conversation_of(row) for row in found[:size]], following)


def _queue_page(request: Request, results: Sequence[Any], cursor: str | None) -> Response:
    after = address(request, cursor=cursor)
    page = told.QueuePage(results=results, next=after, previous=None, has_more=after is not None, next_cursor=cursor)
    return listed(page)


def _history(request: Request, conversation: int, channel: int) -> Response:
    before, after = number(request, "before"), number(request, "after")
    page = history.page(channel, size=page_size(request), before=before, after=after)
    # Once more: an agent who loses the right while the page is read does not get it.
    _readable(request, conversation)
    raws = [msgspec.Raw(raw) for raw in page.raws]
    return listed(
        shapes.HistoryPage(
            results=raws,
            next=address(request, before=page.older_than),
            previous=address(request, after=page.newer_than),
            has_more=page.older_than is not None,
            next_before=page.older_than,
            previous_after=page.newer_than,
        )
    )


def _place(cursor: str | None) -> services.Place | None:
    if cursor is None:
        return None
    at, _, conversation = cursor.partition("~")
    try:
        return services.Place(datetime.datetime.fromisoformat(at).astimezone(datetime.UTC), int(conversation))
    except (ValueError, OverflowError):
        raise Invalid("cursor is what a page said as next_cursor.") from None
