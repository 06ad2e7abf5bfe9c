"""Acts on a conversation: one path for each act. The answer is the conversation, or the message that was posted."""

import uuid
from typing import Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import shapes
from chat.api.contract import documented
from chat.api.inputs import moment, or_none
from chat.api.people import known_people
from chat.api.users import caller, checked
from chat.live.node import post_and_wait
from chat.services import Draft
from chat.support import services
from chat.support.api.conversations import described
from chat.support.api.inputs import AnswerInput, AssignInput, NoteInput, ResolveInput, SnoozeInput
from chat.support.shapes import SupportConversation
from delivery.source import Committed
from delivery.wire.errors import Invalid

EXAMPLE_ID = "0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10"


class Claim(APIView):
    @documented(SupportConversation, refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """Assigns the conversation to the caller if nobody holds it or the lease has ended; else 409 `claimed` (`who`, `until`)."""
        services.claim(caller(request), conversation=pk)
        return described(request, pk)


class Release(APIView):
    @documented(SupportConversation)
    def post(self, request: Request, pk: int) -> Response:
        """For the conversation's agent and supervisors: frees the conversation; the customer keeps their place in the queue."""
        services.release(caller(request), conversation=pk)
        return described(request, pk)


class Assign(APIView):
    @documented(SupportConversation, takes=AssignInput(agent=2), refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """For the conversation's agent and supervisors: assigns the conversation to another agent."""
        agent = checked(AssignInput, request).agent
        # A caller who may not see the conversation learns nothing of users.
        services.ticket_of(caller(request), conversation=pk)
        services.assign(caller(request), conversation=pk, agent=known_people([agent])[0])
        return described(request, pk)


class TakeOver(APIView):
    @documented(SupportConversation, refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """Assigns the conversation to the caller even if another agent holds it; the desk and the audit log say so."""
        services.take_over(caller(request), conversation=pk)
        return described(request, pk)


class Answer(APIView):
    @documented(
        {201: shapes.Message, 200: shapes.Message},
        takes=AnswerInput(client_msg_id=EXAMPLE_ID, body="It left this morning.", seen_seq=4),
        refuses=[409],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Answers the customer: 201, a repeat 200. 409 `overtaken` with `missed`: another agent has answered after `seen_seq`."""
        given = checked(AnswerInput, request)
        user = caller(request)
        services.ticket_of(user, conversation=pk)
        if services.is_in_it(user, pk):
            return _posted(request, pk, given, seen_seq=given.seen_seq)
        committed = services.answer(
            user,
            conversation=pk,
            client_msg_id=uuid.UUID(given.client_msg_id),
            body=given.body,
            seen_seq=given.seen_seq,
            files=tuple(given.files),
        )
        return _told(committed)


class Note(APIView):
    @documented(
        {201: shapes.Message, 200: shapes.Message},
        takes=NoteInput(client_msg_id=EXAMPLE_ID, body="Their third parcel that is late."),
        refuses=[409],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Writes an internal note, which customers never see: 201, a repeat 200. Agents who may not read notes may write them."""
        given = checked(NoteInput, request)
        committed = services.note(
            caller(request),
            conversation=pk,
            client_msg_id=uuid.UUID(given.client_msg_id),
            body=given.body,
            files=tuple(given.files),
        )
        return _told(committed)


class Snooze(APIView):
    @documented(SupportConversation, takes=SnoozeInput(until="2027-11-23T08:00:00Z"), refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """Snoozes the conversation `until` a time, or until the customer writes."""
        until = moment(checked(SnoozeInput, request).until, field="until")
        assert until is not None
        services.snooze(caller(request), conversation=pk, until=until)
        return described(request, pk)


class Pending(APIView):
    @documented(SupportConversation, refuses=[409])
    def post(self, request: Request, pk: int) -> Response:
        """Marks the conversation as pending: the agents wait for the customer's answer."""
        services.set_pending(caller(request), conversation=pk)
        return described(request, pk)


class Resolve(APIView):
    @documented(
        SupportConversation,
        takes=ResolveInput(client_msg_id=EXAMPLE_ID, body="Have a nice day!", seen_seq=6),
        refuses=[409],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Resolves the conversation, if wanted with a last answer (`client_msg_id`, `body`) at once. Repeating does nothing."""
        given = checked(ResolveInput, request)
        client_msg_id, body = or_none(given.client_msg_id), or_none(given.body)
        if (client_msg_id is None) != (body is None):
            raise Invalid("An answer has client_msg_id and body.")
        answer: dict[str, Any] = {}
        if client_msg_id is not None:
            said = {"body": body, "seen_seq": given.seen_seq, "files": tuple(given.files)}
            answer = {"client_msg_id": uuid.UUID(client_msg_id), **said}
        services.resolve(caller(request), conversation=pk, **answer)
        return described(request, pk)


class Reopen(APIView):
    @documented(SupportConversation)
    def post(self, request: Request, pk: int) -> Response:
        """Reopens a resolved, pending or snoozed conversation. Repeating does nothing."""
        services.reopen(caller(request), conversation=pk)
        return described(request, pk)


def _posted(request: Request, channel: int, given: AnswerInput, *, seen_seq: int | None = None) -> Response:
    draft = Draft(
        channel=channel,
        sender=caller(request).pk,
        client_msg_id=uuid.UUID(given.client_msg_id),
        body=given.body,
        seen_seq=seen_seq,
        files=tuple(given.files),
    )
    return _told(post_and_wait(draft))


def _told(committed: Committed) -> Response:
    return Response(msgspec.Raw(committed.raw), status=200 if committed.duplicate else 201)
