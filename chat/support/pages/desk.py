"""The desk: queue, conversation and customer beside each other. Its acts go through the API, like those of any program."""

from typing import Any

import msgspec
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from chat import shapes
from chat.models import User
from chat.pages.state import state_script
from chat.services import read_log_position
from chat.support import services
from chat.support.models import Agent, Inbox
from delivery.wire.frames import Person
from delivery.wire.types import Time, time_now

TABS = (("mine", "Mine"), ("unassigned", "Unassigned"), ("all", "All"))
SHORTCUTS = (
    ("j k", "next and previous conversation"),
    ("c", "claim, or take over"),
    ("r", "write an answer"),
    ("n", "write a note"),
    ("s", "snooze"),
    ("e", "resolve"),
    ("o", "reopen"),
    ("1 2 3", "mine, unassigned, all"),
    ("Ctrl Enter", "send"),
    ("Ctrl Shift Enter", "send and resolve"),
    ("/", "at the beginning of an answer: canned answers"),
    ("Esc", "leave the text box"),
)


class DeskInbox(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    desk: int
    #: The head of the desk's log, read before the rows: later changes come over the socket.
    head: int
    agents: list[Person]
    supervises: bool
    canned: dict[str, str]


class DeskState(msgspec.Struct, frozen=True, kw_only=True):
    me: Person
    epoch: str
    time: Time
    inboxes: list[DeskInbox]
    reads_all: bool


@require_GET
@login_required
def desk_page(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    inboxes = _inboxes_of(user)
    if not inboxes and not user.is_staff:
        raise PermissionDenied("This is for the agents of the support desk.")
    state = DeskState(
        me=shapes.person_of(user),
        epoch=read_log_position().epoch,
        time=time_now(),
        inboxes=[_described(inbox, user) for inbox in inboxes],
        reads_all=user.has_perm(services.READ_SUPPORT),
    )
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Support desk",
        "inboxes": inboxes,
        "tabs": TABS,
        "shortcuts": SHORTCUTS,
        "is_bundled": not settings.DEBUG,
        "message_bytes": settings.LIMITS.message_bytes,
        "supervises": any(inbox.supervises for inbox in state.inboxes),
        "state": state_script(state),
        "is_nav_sidebar_enabled": False,
    }
    return render(request, "support/desk.html", context)


def _inboxes_of(user: User) -> list[Inbox]:
    active = Agent.objects.select_related("user").filter(user__is_active=True).order_by("user__username")
    rows = services.inboxes_of(user).select_related("desk").order_by("name")
    return list(rows.prefetch_related(Prefetch("agents", active), "canned_answers"))


def _described(inbox: Inbox, user: User) -> DeskInbox:
    agents = list(inbox.agents.all())
    return DeskInbox(
        id=inbox.pk,
        name=inbox.name,
        desk=inbox.desk_id,
        head=inbox.desk.head,
        agents=[shapes.person_of(agent.user) for agent in agents],
        supervises=user.is_superuser or any(agent.supervises for agent in agents if agent.user_id == user.pk),
        canned={answer.code: answer.body for answer in inbox.canned_answers.all()},
    )
