"""Who is an agent of an inbox, and what they may take: by who supervises it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from chat.allowances.counting import counted
from chat.allowances.table import DESK_ACTS
from chat.models import Act, User
from chat.naming import clean_name
from chat.services import log
from chat.support.models import Agent, Inbox
from chat.support.services.inboxes import NAME_CHARACTERS, record, require_supervisor
from chat.support.services.letting_go import end_work
from chat.support.services.seats import name_agent, seat_agent, unseat_agent
from delivery.wire.errors import Conflict, NotFound


def add_agent(actor: User, *, inbox: Inbox, user: User, supervises: bool = False, capacity: int | None = None) -> Agent:
    """From here on the user sees the queue. Repeating does nothing. Raises NotFound, Forbidden, ChannelFull, RateLimited."""
    with counted(DESK_ACTS, actor), log.writing(inbox.desk_id) as entry:
        require_supervisor(actor, inbox)
        agent = Agent.objects.filter(inbox=inbox, user=user).first()
        if agent is None:
            agent = seat_agent(entry, inbox, user, supervises=supervises, capacity=capacity)
            record(Act.AGENT_ADDED, actor, inbox, whom=user.pk, details={"supervises": supervises})
        return agent


def change_agent(actor: User, *, inbox: Inbox, user: int, public_name: str | None = None, **changes: Any) -> Agent:
    """`supervises`, `capacity`, `accepting`, `public_name`; what is left out stays. Raises NotFound, Forbidden, Conflict, Invalid.

    By the public name customers know them, in what they say from then on; empty: by their display name.
    """
    name = None if public_name is None else clean_name(public_name, what="A public name", most=NAME_CHARACTERS)
    with counted(DESK_ACTS, actor), _held(inbox, user) as agent, log.writing(inbox.desk_id):
        require_supervisor(actor, inbox)
        if changes.get("supervises") is False:
            _require_another_supervisor(agent)
        changed = {field: value for field, value in changes.items() if getattr(agent, field) != value}
        for field, value in changed.items():
            setattr(agent, field, value)
        if changed:
            agent.save(update_fields=changed)
        if name is not None and name_agent(agent, name):
            changed["public_name"] = name
        if changed:
            record(Act.AGENT_CHANGED, actor, inbox, whom=user, details=changed)
        return agent


def remove_agent(actor: User, *, inbox: Inbox, user: int) -> None:
    """The queue is not theirs to see any more, and what they held is free, at its old place.

    Repeating raises NotFound; Conflict for the last who supervises.
    """
    require_supervisor(actor, inbox)
    agent = _agent(inbox, user)
    _require_another_supervisor(agent)
    end_work(agent.user, desk=inbox.desk_id, by=actor)
    with counted(DESK_ACTS, actor), _held(inbox, user) as agent, log.writing(inbox.desk_id) as entry:
        require_supervisor(actor, inbox)
        _require_another_supervisor(agent)
        unseat_agent(entry, agent, actor=actor)
        record(Act.AGENT_REMOVED, actor, inbox, whom=user)
    # What they have claimed meanwhile: from here on they claim nothing.
    end_work(agent.user, desk=inbox.desk_id, by=actor)


@contextmanager
def _held(inbox: Inbox, user: int) -> Iterator[Agent]:
    # Before the desk, as whoever claims holds their seat: desks are locked last.
    with transaction.atomic():
        yield _agent(inbox, user, is_held=True)


def _agent(inbox: Inbox, user: int, *, is_held: bool = False) -> Agent:
    rows = Agent.objects.select_related("user", "inbox").filter(inbox=inbox, user=user)
    agent = (rows.select_for_update(of=("self",)) if is_held else rows).first()
    if agent is None:
        raise NotFound("This person is no agent of the inbox.")
    return agent


def _require_another_supervisor(agent: Agent) -> None:
    others = Agent.objects.filter(inbox=agent.inbox, supervises=True).exclude(pk=agent.pk)
    if agent.supervises and not others.exists():
        raise Conflict("An inbox keeps at least one supervisor.")
