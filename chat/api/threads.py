"""Threads: the replies to one message, whether the caller follows the thread, and all threads that the caller follows."""

import datetime

import msgspec
from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chat import services, shapes
from chat.api.contract import documented, one_of, text, whole
from chat.api.inputs import Following
from chat.api.messages import history_page
from chat.api.pages import address, listed, number, page_size
from chat.api.users import caller, checked
from chat.models import Message, Scope
from chat.reads import history, threads
from chat.rights.standing import reader_condition, require_reader
from delivery.wire.errors import Invalid, NotFound

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)


class OneThread(APIView):
    scopes = {"PATCH": Scope.WRITE}

    @documented(
        shapes.RepliesPage[shapes.Message],
        query={
            "before": whole("Only replies before this seq."),
            "after": whole("Only replies after this seq."),
            "around": whole("About half a page on each side of this seq."),
        },
        one_of=["before", "after", "around"],
    )
    def get(self, request: Request, pk: int, message: int) -> Response:
        """Lists the replies in the message's thread, without the message itself; newest first, like messages."""
        member = require_reader(caller(request).pk, channel=pk)
        root = Message.objects.visible_to(member).filter(pk=message).first()
        if root is None:
            raise NotFound("There is no such message in this channel.")
        asked = {name: number(request, name) for name in ("before", "after", "around")}
        may_read = reader_condition(member.user_id, channel=pk)
        replies = history.page_of_thread(root.pk, size=page_size(request), condition=may_read, **asked)
        page = history_page(request, replies)
        now = threads.thread_as_followed(member.user_id, root)
        fields = msgspec.structs.asdict(page)
        return listed(shapes.RepliesPage(**fields, following=now.following, read_seq=now.read_seq, unread=now.unread))

    @documented(shapes.FollowedThread, takes=Following(following=True, read_seq=345))
    def patch(self, request: Request, pk: int, message: int) -> Response:
        """Follows or unfollows the thread, and moves the caller's read position forward to `read_seq`.

        `unread_from` marks replies from that seq on as unread, and follows the thread.
        """
        given = checked(Following, request)
        now = services.follow_thread(
            caller(request),
            channel=pk,
            message=message,
            following=None if given.following is msgspec.UNSET else given.following,
            read_seq=None if given.read_seq is msgspec.UNSET else given.read_seq,
            unread_from=None if given.unread_from is msgspec.UNSET else given.unread_from,
        )
        return Response(now)


class Threads(APIView):
    @documented(
        shapes.ThreadsPage[shapes.FollowedRoot],
        query={
            "only": one_of("all", "unread", default="all", description="unread: only threads with unread replies."),
            "cursor": text(
                "Where the page begins: from `next` of the page before.", pattern=r"^[0-9]{1,17}\.[0-9]{1,18}$"
            ),
            "page_size": whole(
                "Rows a page, for programs.",
                least=1,
                most=settings.LIMITS.page_most,
                default=settings.LIMITS.page,
            ),
        },
    )
    def get(self, request: Request) -> Response:
        """Lists the threads that the caller follows, by their roots. A user who writes or is mentioned in a thread follows it."""
        only = request.query_params.get("only", "all")
        if only not in ("all", "unread"):
            raise Invalid("only must be all or unread.")
        user = caller(request).pk
        page = threads.followed_threads(
            user, size=page_size(request), before=_place(request), only_unread=only == "unread"
        )
        following = None if page.older_than is None else _cursor(*page.older_than)
        return listed(
            shapes.ThreadsPage(
                results=page.threads,
                next=address(request, cursor=following),
                previous=None,
                has_more=following is not None,
                next_cursor=following,
                unread_threads=threads.threads_unread(user),
            )
        )


def _cursor(at: datetime.datetime, root: int) -> str:
    return f"{(at - _EPOCH) // _MICROSECOND}.{root}"


def _place(request: Request) -> threads.Place | None:
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return None
    micros, dot, root = cursor.partition(".")
    if not (dot and micros.isascii() and micros.isdigit() and root.isascii() and root.isdigit()):
        raise Invalid("cursor is no place in this list.")
    if len(micros) > 17 or len(root) > 18:
        raise Invalid("cursor is no place in this list.")
    return _EPOCH + int(micros) * _MICROSECOND, int(root)
