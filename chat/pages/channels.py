"""The page: the channel list, and one channel with its newest messages. Later changes come over the socket."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages as notices
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from chat import shapes
from chat.live.node import post_and_wait
from chat.models import Block, Message, User
from chat.pages.compressed import compressed
from chat.pages.forms import MessageForm
from chat.pages.rows import Row, repliers_of, rows
from chat.pages.sections import sections_of
from chat.pages.state import PageState, state_script
from chat.reads import moderation
from chat.reads.channels import channels_of, of_the_chat, waiting_customers
from chat.reads.history import Page, as_read, first_seen
from chat.reads.threads import threads_unread
from chat.rights.standing import moderates_everywhere, reader_condition
from chat.services import Draft, read_log_position
from delivery.wire.errors import Invalid, Refused
from delivery.wire.frames import Person
from delivery.wire.types import time_now


@compressed
@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The channel list."""
    return _page(request, None)


@compressed
@login_required
@require_GET
def channel(request: HttpRequest, pk: int) -> HttpResponse:
    """One channel with its newest messages."""
    return _page(request, pk)


@compressed
@login_required
@require_GET
def message(request: HttpRequest, pk: int, seq: int) -> HttpResponse:
    """The channel, opened at one of its messages. A user who may not see it gets the same 404 as if it did not exist."""
    return _page(request, pk, seq=seq)


@login_required
@require_POST
def post_message(request: HttpRequest, pk: int) -> HttpResponse:
    """Posts a message from a form, for browsers without JavaScript: by the same verb, through the same lane."""
    assert isinstance(request.user, User)
    form = MessageForm(request.POST)
    if not form.is_valid():
        notices.error(request, Invalid().detail)
    else:
        try:
            draft = Draft(
                channel=pk,
                sender=request.user.pk,
                client_msg_id=form.message_id(),
                body=form.cleaned_data["body"].replace("\r\n", "\n"),
            )
            post_and_wait(draft)
        except Refused as refusal:
            notices.error(request, refusal.detail)
    return redirect("channel", pk=pk)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """All that is read for the page."""

    me: Person
    #: Read before the channels: otherwise heads of an old epoch could be taken for those of a new one.
    epoch: str
    channels: list[shapes.Channel]
    chosen: shapes.Channel | None
    pointed: int | None
    thread: int | None
    page: Page
    messages: list[shapes.Message]
    repliers: list[Person]
    blocks: list[int]
    threads_unread: int


def _page(request: HttpRequest, pk: int | None, *, seq: int | None = None) -> HttpResponse:
    assert isinstance(request.user, User)
    shown = _read(request.user, pk, seq)
    context = {
        **_around(request, shown.channels),
        "me": shown.me,
        "channel": shown.chosen,
        "threads_unread": shown.threads_unread,
        "rows": _rows(shown, origin=f"{request.scheme}://{request.get_host()}"),
        "shows_start": shown.page.older_than is None and shown.page.newer_than is None,
        "state": state_script(_state(shown, request.user)),
    }
    return render(request, "chat/page.html", context)


def _read(user: User, pk: int | None, seq: int | None) -> _Shown:
    epoch = read_log_position().epoch
    channels = channels_of(user.pk, shown=pk)
    chosen = _chosen(channels, pk)
    pointed, thread = _place(pk, seq) if pk is not None and seq is not None else (None, None)
    page = _first_page(user, chosen, pointed) if chosen else Page([])
    messages = as_read(page)
    return _Shown(
        me=shapes.person_of(user),
        epoch=epoch,
        channels=channels,
        chosen=chosen,
        pointed=pointed,
        thread=thread,
        page=page,
        messages=messages,
        repliers=_people(repliers_of(messages)),
        blocks=list(Block.objects.filter(blocker=user).values_list("blocked", flat=True)),
        threads_unread=threads_unread(user.pk),
    )


def _first_page(user: User, chosen: shapes.Channel, pointed: int | None) -> Page:
    may_read = reader_condition(user.pk, channel=chosen.id)
    try:
        return first_seen(chosen.id, condition=may_read, unread_from=_unread_from(chosen), pointed=pointed)
    except Refused:
        # Removed since the channels were read.
        raise Http404 from None


def _rows(shown: _Shown, *, origin: str) -> Iterator[Row]:
    return rows(
        shown.messages,
        me=shown.me.id,
        unread_from=_unread_from(shown.chosen),
        unheard={shown.me.id, *shown.blocks},
        pointed=shown.pointed,
        heads={one.id: one.head for one in shown.channels},
        origin=origin,
        names={person.id: person.display_name for person in shown.repliers},
    )


def _state(shown: _Shown, user: User) -> PageState:
    return PageState(
        me=shown.me,
        epoch=shown.epoch,
        channels=shown.channels,
        channel=shown.chosen.id if shown.chosen else None,
        unread_first=user.unread_first,
        desk=moderation.desk_of(user),
        blocks=shown.blocks,
        threads_unread=shown.threads_unread,
        repliers=shown.repliers,
        messages=shown.messages,
        history_before=shown.page.older_than,
        history_after=shown.page.newer_than,
        pointed=shown.pointed,
        thread=shown.thread,
        time=time_now(),
    )


def _chosen(channels: Sequence[shapes.Channel], pk: int | None) -> shapes.Channel | None:
    """The channel to show, if any. Raises Http404 if it is not among the user's channels."""
    chosen = next((channel for channel in channels if channel.id == pk), None)
    if pk is not None and chosen is None:
        raise Http404
    return chosen


def _around(request: HttpRequest, channels: Sequence[shapes.Channel]) -> dict[str, Any]:
    """The parts of the page around the messages, the same for every channel."""
    assert isinstance(request.user, User)
    listed = of_the_chat(channels)
    return {
        "invites": settings.SIGN_UP != "closed",
        "moderates": moderates_everywhere(request.user),
        "notices": list(notices.get_messages(request)),
        "channels": listed,
        "sections": sections_of(listed, unread_first=request.user.unread_first),
        "is_bundled": not settings.DEBUG,
        "message_bytes": settings.LIMITS.message_bytes,
        "waiting": waiting_customers(channels),
    }


def _people(users: set[int]) -> list[Person]:
    return [shapes.person_of(user) for user in User.objects.filter(pk__in=users)] if users else []


def _place(channel: int, seq: int) -> tuple[int, int | None]:
    """The message's seq and None; for a reply that is only in its thread, the root's seq and id. Raises Http404."""
    row = Message.objects.filter(channel=channel, seq=seq).select_related("thread").first()
    if row is None:
        raise Http404
    return (row.seq, None) if row.thread is None or row.also_in_channel else (row.thread.seq, row.thread.pk)


def _unread_from(channel: shapes.Channel | None) -> int | None:
    return channel.read_seq + 1 if channel and channel.unread and channel.read_seq else None
