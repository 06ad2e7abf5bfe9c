"""Supervisors add, change and remove the agents of an inbox."""

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
from chat.support.services.ending_work import end_agents_work
from chat.support.services.inboxes import NAME_CHARACTERS, record, require_supervisor
from chat.support.services.seats import name_agent, seat_agent, unseat_agent
from delivery.wire.errors import Conflict, NotFound


def add_agent(actor: User, *, inbox: Inbox, user: User, supervises: bool = False, capacity: int | None = None) -> Agent:
    """Makes a user an agent, who sees the queue from now on. Repeating does nothing. Raises NotFound, Forbidden, ChannelFull,
    RateLimited.
    """
    with counted(DESK_ACTS, actor), log.writing(inbox.desk_id) as entry:
        require_supervisor(actor, inbox)
        agent = Agent.objects.filter(inbox=inbox, user=user).first()
        if agent is None:
            agent = seat_agent(entry, inbox, user, supervises=supervises, capacity=capacity)
            record(Act.AGENT_ADDED, actor, inbox, whom=user.pk, details={"supervises": supervises})
        return agent


def change_agent(actor: User, *, inbox: Inbox, user: int, public_name: str | None = None, **changes: Any) -> Agent:
    """Changes `supervises`, `capacity`, `accepting`, `public_name`; others stay. Raises NotFound, Forbidden, Conflict, Invalid.

    Customers read the public name in the agent's messages from then on; empty: the display name.
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
    """Removes an agent: they no longer see the queue, and their conversations are free, at their old places in it.

    Repeating raises NotFound. Raises Conflict for the last supervisor.
    """
    require_supervisor(actor, inbox)
    agent = _agent(inbox, user)
    _require_another_supervisor(agent)
    end_agents_work(agent.user, desk=inbox.desk_id, by=actor)
    with counted(DESK_ACTS, actor), _held(inbox, user) as agent, log.writing(inbox.desk_id) as entry:
        require_supervisor(actor, inbox)
        _require_another_supervisor(agent)
        unseat_agent(entry, agent, actor=actor)
        record(Act.AGENT_REMOVED, actor, inbox, whom=user)
    # Ends also work that they have claimed meanwhile: from here on they can't claim.
    end_agents_work(agent.user, desk=inbox.desk_id, by=actor)


@contextmanager
def _held(inbox: Inbox, user: int) -> Iterator[Agent]:
    # Locked before the desk, in the same order as a claim, which locks the agent's seat first.
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
