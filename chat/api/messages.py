"""Messages over HTTP: history by page, changes by number, and the same verbs as on the socket."""

import re
import uuid
from dataclasses import dataclass

import msgspec
from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented, text, whole
from chat.api.inputs import MessageInput, MessageRevision, Position, Reasoned
from chat.api.pages import address, listed, number, page_size
from chat.api.scopes import scopes_of
from chat.api.users import caller, checked
from chat.live.node import post_and_wait
from chat.live.source import ChatSource
from chat.middleware.long_poll import Wait, wait_for
from chat.models import Message
from chat.reads import history
from chat.rights.scopes import require_scope_to_delete
from chat.rights.standing import reader_condition, require_reader
from chat.services import Draft
from delivery.live.channel import until_end_of
from delivery.source import Missed
from delivery.wire.errors import Invalid, NotFound

#: With a longer wait a proxy between would close the connection as dead.
MOST_WAIT_SECONDS = 25
#: A strong entity tag of ours.
_TAG = re.compile(r'(?<!W/)"([^"]*)"')


class Messages(APIView):
    for_visitors = frozenset({"GET", "POST"})

    @documented(
        shapes.HistoryPage[shapes.Message],
        query={
            "before": whole("Only messages before this seq."),
            "after": whole("Only messages after this seq."),
            "around": whole("About half a page on each side of this seq."),
        },
        one_of=["before", "after", "around"],
    )
    def get(self, request: Request, pk: int) -> Response:
        """Lists messages, newest first, 20 a page; `before`, `after` or `around` a seq. `next`: older ones, `previous`: newer."""
        asked = {name: number(request, name) for name in ("before", "after", "around")}
        may_read = reader_condition(caller(request).pk, channel=pk)
        return listed(history_page(request, history.page(pk, size=page_size(request), condition=may_read, **asked)))

    @documented(
        {201: shapes.Message, 200: shapes.Message},
        takes=MessageInput(client_msg_id="0b9d2c4e-5f2a-4c0e-9a51-6f7d3b1f8a10", body="The build is green."),
        refuses=[409],
        has_etag=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Posts a message: 201 after COMMIT. A repeat with the same client_msg_id is 200 with the first message."""
        given = checked(MessageInput, request)
        draft = Draft(
            channel=pk,
            sender=caller(request).pk,
            client_msg_id=uuid.UUID(given.client_msg_id),
            body=given.body,
            reply_to=given.reply_to,
            thread=given.thread,
            also_in_channel=given.also_in_channel,
            seen_seq=given.seen_seq,
            files=tuple(given.files),
        )
        committed = post_and_wait(draft)
        headers = _etag(msgspec.json.decode(committed.raw, type=_Tagged))
        return Response(msgspec.Raw(committed.raw), status=200 if committed.duplicate else 201, headers=headers)


def history_page(request: Request, page: history.Page) -> shapes.HistoryPage[msgspec.Raw]:
    """The page, with the addresses of the pages before and after it."""
    return shapes.HistoryPage(
        results=[msgspec.Raw(raw) for raw in page.raws],
        next=address(request, before=page.older_than),
        previous=address(request, after=page.newer_than),
        has_more=page.older_than is not None,
        next_before=page.older_than,
        previous_after=page.newer_than,
    )


class _Tagged(msgspec.Struct):
    rev: int
    client_msg_id: uuid.UUID
    body: str


class OneMessage(APIView):
    for_visitors = frozenset({"GET", "PATCH", "DELETE"})

    @documented(shapes.Message, has_etag=True)
    def get(self, request: Request, pk: int, message: int) -> Response:
        """Returns one message."""
        row = Message.objects.filter(channel=pk, pk=message).for_the_wire().first()
        # After the row: a user who loses the right while it is read does not get it.
        require_reader(caller(request).pk, channel=pk)
        if row is None:
            raise NotFound("There is no such message in this channel.")
        return _with_etag(shapes.message_of(row))

    @documented(shapes.Message, takes=MessageRevision(body="The build is red."), refuses=[409, 412], has_etag=True)
    def patch(self, request: Request, pk: int, message: int) -> Response:
        """Edits a message of the caller's, within 24 hours. With If-Match only if the message has not changed since."""
        body = checked(MessageRevision, request).body
        row = services.edit_message(
            caller(request), channel=pk, message=message, body=body, only_at=_tags_that_match(request)
        )
        return _with_etag(shapes.message_of(row))

    @documented(shapes.Message, takes=Reasoned(reason="the project is over"), refuses=[409, 412], has_etag=True)
    def delete(self, request: Request, pk: int, message: int) -> Response:
        """Deletes a message: 200 with the emptied message, which keeps its place. With If-Match only if it has not changed since.

        Staff who are not members give a `reason`.
        """
        reason = checked(Reasoned, request).reason
        require_scope_to_delete(scopes_of(request), caller(request).pk, channel=pk, message=message)
        row = services.delete_message(
            caller(request), channel=pk, message=message, reason=reason, only_at=_tags_that_match(request)
        )
        return _with_etag(shapes.message_of(row))


class ChangesSince(APIView):
    for_visitors = frozenset({"GET"})

    @documented(
        shapes.ChangesPage[shapes.Message],
        query={
            "since": whole("The rev of the last change that the caller holds; 0: from the caller's joining on."),
            "epoch": text("The epoch in which the caller got that number."),
            "wait": whole("For how many seconds to wait for a change if there is none yet.", most=MOST_WAIT_SECONDS),
        },
    )
    def get(self, request: Request, pk: int) -> Response:
        """Lists the changes after `?since=rev`, ordered by number, 50 a page, with the channel's head and the epoch.

        `resync`: the caller's number can't be continued. Either it is not valid (another epoch, or a number that the channel has
        not reached): load the channel again. Or it is older than the caller's membership: changes begin with the caller's joining,
        and older messages are in the history. With `wait` the server answers as soon as there is a change.
        """
        member = require_reader(caller(request).pk, channel=pk)
        since, wait = number(request, "since", 0) or 0, number(request, "wait", 0) or 0
        if wait > MOST_WAIT_SECONDS:
            raise Invalid(f"wait is {MOST_WAIT_SECONDS} seconds at most.")
        # Read before the rows: otherwise rows of an old epoch could be sent with the name of a new one.
        epoch = services.read_log_position().epoch
        found = _changes(pk, since, member.joined_rev, is_comparable=request.query_params.get("epoch", epoch) == epoch)
        is_waiting = wait and not found.resync and found.missed.head <= since and not found.missed.changes
        if is_waiting:
            asked = Wait(channel_id=pk, number=found.missed.head, user_id=member.user_id, seconds=wait)
            if (waiting := wait_for(request, asked)) is not None:
                return waiting
        # Up to the end of the access, if it has ended since the right was read.
        changes = until_end_of(member.user_id, found.missed.changes)
        following = changes[-1].rev if len(changes) == settings.LIMITS.batch else None
        return listed(
            shapes.ChangesPage(
                results=[msgspec.Raw(change.raw) for change in changes],
                next=address(request, since=following),
                previous=None,
                has_more=following is not None,
                next_since=following,
                head=found.missed.head,
                epoch=epoch,
                resync=found.resync,
            )
        )


@dataclass(frozen=True)
class _Found:
    missed: Missed
    resync: bool


def _changes(channel: int, since: int, joined_rev: int, *, is_comparable: bool) -> _Found:
    missed = ChatSource().changes_since(channel, max(since, joined_rev), limit=settings.LIMITS.batch)
    if not is_comparable or since > missed.head:
        return _Found(Missed(head=missed.head, changes=[]), resync=True)
    return _Found(missed, resync=0 < since < joined_rev)


class ReadUpTo(APIView):
    for_visitors = frozenset({"POST"})

    @documented(shapes.Cursors, takes=Position(seq=341))
    def post(self, request: Request, pk: int) -> Response:
        """Moves the caller's read cursor forward, never back."""
        require_reader(caller(request).pk, channel=pk)
        member = services.read_channel(caller(request), channel=pk, seq=checked(Position, request).seq)
        return Response(shapes.cursors_of(member))


def _with_etag(message: shapes.Message) -> Response:
    return Response(message, headers=_etag(message))


def _etag(message: services.Tagged) -> dict[str, str]:
    return {"ETag": f'"{services.tag_of(message)}"'}


def _tags_that_match(request: Request) -> frozenset[str] | None:
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    # RFC 9110, 13.1.1: weak tags and tags that we did not make never match.
    return frozenset(_TAG.findall(given))
