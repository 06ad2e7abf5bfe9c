"""Plays the helpdesk's script through the desk's verbs, with the clock moved to the time of each event."""

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from chat import clock
from chat.models import Channel, Conversation, User
from chat.services import Draft, post_messages
from chat.support import services
from chat.support.models import Hours, Inbox
from chat.support.services.canned import keep_canned_answer
from chat.support.services.hours import keep_hours, keep_policies
from chat.support.services.rating import rate
from chat.support.tools.demo import script
from delivery.source import Committed


@dataclass(frozen=True)
class _Step:
    at: datetime.datetime
    case: script.Case
    who: str
    act: str
    what: str


@transaction.atomic
def play(people: dict[str, User], *, owner: User, tell: Callable[[str], None]) -> list[User]:
    """Creates the helpdesk with all events, all or nothing; returns the customers."""
    now = clock.now()
    steps = sorted((step for case in script.CASES for step in _steps(case, now)), key=lambda step: step.at)
    with clock.at(steps[0].at - datetime.timedelta(days=1)):
        inbox = _open_inbox(people, owner)
    scene = _Scene(inbox, people)
    for step in steps:
        with clock.at(step.at):
            scene.take(step)
    tell(f"{len(script.CASES)} conversations at the {inbox.name}")
    return [conversation.visitor for conversation in scene.begun.values()]


def _steps(case: script.Case, now: datetime.datetime) -> list[_Step]:
    steps = []
    for line in case.story.strip().splitlines():
        minutes, who, act, what = f"{line} | ".split(" | ", 4)[:4]
        steps.append(_Step(now - datetime.timedelta(minutes=int(minutes)), case, who, act, what))
    return steps


def _open_inbox(people: dict[str, User], owner: User) -> Inbox:
    inbox = services.create_inbox(
        owner,
        name=script.INBOX,
        origins=script.ORIGINS,
        agents=[people[agent] for agent in script.AGENTS],
        hours=_keep_hours(owner),
        greeting=script.GREETING,
        closed_text=script.CLOSED_TEXT,
    )
    services.change_agent(owner, inbox=inbox, user=people[script.SUPERVISOR].pk, supervises=True)
    keep_policies(owner, inbox=inbox.pk, minutes=script.POLICIES)
    for code, body in script.CANNED.items():
        keep_canned_answer(owner, inbox=inbox.pk, code=code, body=body)
    return inbox


def _keep_hours(owner: User) -> Hours:
    today = clock.now().date()
    holidays = {
        datetime.date(year, month, day): name
        for month, day, name in script.HOLIDAYS
        for year in (today.year, today.year + 1)
    }
    week = [[(0, 24 * 60)]] * 7
    return keep_hours(owner, name=script.HOURS, time_zone=script.TIME_ZONE, week=week, holidays=holidays)


class _Scene:
    """The people of the scene: customers come with their first message."""

    def __init__(self, inbox: Inbox, people: dict[str, User]) -> None:
        self.inbox = inbox
        self.people = people
        self.begun: dict[script.Case, Conversation] = {}

    def take(self, step: _Step) -> None:
        if step.case not in self.begun:
            self.begun[step.case] = self._begin(step.case, step.what)
            return
        conversation = self.begun[step.case]
        who = conversation.visitor if step.who == "customer" else self.people[step.who]
        _ACTS[step.act](who, conversation.pk, step.what)

    def _begin(self, case: script.Case, body: str) -> Conversation:
        visitor, _ = services.create_visit(self.inbox, display_name=case.customer)
        page = f"{script.ORIGINS[0]}/{case.page}"
        conversation, _ = services.begin(visitor, client_msg_id=uuid.uuid4(), body=body, page=page, locale="en-GB")
        supervisor = self.people[script.SUPERVISOR]
        services.revise(supervisor, conversation=conversation.pk, priority=case.priority, labels=case.labels)
        return conversation


def _claim(agent: User, conversation: int, _: str) -> None:
    services.claim(agent, conversation=conversation)


def _say(who: User, channel: int, body: str) -> None:
    seen = Channel.objects.get(pk=channel).head
    [outcome] = post_messages(
        [Draft(channel=channel, sender=who.pk, client_msg_id=uuid.uuid4(), body=body, seen_seq=seen)]
    )
    if not isinstance(outcome, Committed):
        raise outcome


def _note(agent: User, conversation: int, body: str) -> None:
    services.note(agent, conversation=conversation, client_msg_id=uuid.uuid4(), body=body)


def _snooze(agent: User, conversation: int, minutes: str) -> None:
    until = clock.now() + datetime.timedelta(minutes=int(minutes))
    services.snooze(agent, conversation=conversation, until=until)


def _set_pending(agent: User, conversation: int, _: str) -> None:
    services.set_pending(agent, conversation=conversation)


def _resolve(agent: User, conversation: int, body: str) -> None:
    if body:
        _say(agent, conversation, body)
    services.resolve(agent, conversation=conversation)


def _rate(customer: User, conversation: int, score: str) -> None:
    rate(customer, conversation=conversation, score=int(score))


_ACTS: dict[str, Callable[[User, int, str], None]] = {
    "claims": _claim,
    "says": _say,
    "notes": _note,
    "snoozes": _snooze,
    "sets pending": _set_pending,
    "resolves": _resolve,
    "rates": _rate,
}
