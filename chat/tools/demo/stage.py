"""Plays the script through the verbs, with the clock moved to the time of each message."""

import datetime
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import transaction

from chat import clock, services
from chat.models import Channel, ChannelKind, Message, Report, User
from chat.services import Draft
from chat.tools.demo import script
from delivery.source import Committed

#: Days that the script covers, the last of them yesterday.
DAYS = 5
#: Days of stand-ups, the last of them yesterday.
STANDUP_DAYS = 14
ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Line:
    at: datetime.datetime
    channel: str
    speaker: str
    text: str
    is_answer: bool


@transaction.atomic
def play(*, password: str, tell: Callable[[str], None]) -> dict[str, User]:
    """Creates the people, the channels and the messages, all or nothing; returns the people by username."""
    first_day = clock.now().astimezone(ZONE).replace(hour=8, minute=0, second=0, microsecond=0) - datetime.timedelta(
        days=DAYS
    )
    people = _make_people(password)
    with clock.at(first_day - datetime.timedelta(days=STANDUP_DAYS)):
        channels = _open_channels(people)
    channels |= _open_conversations(people, first_day)
    tell(f"{len(people)} people in {len(channels)} channels")
    said = _say_all(people, channels, first_day)
    tell(f"{said} messages over {STANDUP_DAYS} days")
    _react(people, channels)
    _keep_at_hand(people, channels)
    _reply_in_threads(people, channels)
    _read_most(people, channels)
    _keep_order(people, channels)
    return people


def _make_people(password: str) -> dict[str, User]:
    people = {
        username: services.create_user(
            username, password=password, display_name=name, is_staff=username in script.SUPERUSERS
        )
        for username, name in script.PEOPLE.items()
    }
    services.make_groups()
    for username, roles in script.STAFF_ROLES.items():
        reason = "Welcome to the staff."
        people[username] = services.change_staff_roles(None, user=people[username].pk, roles=roles, reason=reason)
    return people


def _open_channels(people: dict[str, User]) -> dict[str, Channel]:
    opened: dict[str, Channel] = {}
    for name, (kind, topic, members) in script.CHANNELS.items():
        owner, *others = [people[username] for username in members]
        # The owner of the installation already has a channel that everybody joins.
        there = Channel.objects.live().filter(kind=ChannelKind.PUBLIC, name=name).first()
        if there is None:
            opened[name] = services.open_channel(owner, name=name, topic=topic, kind=kind, members=others)
        else:
            opened[name] = there
            for user in (owner, *others):
                services.join_channel(user, channel=there.pk)
    return opened


def _open_conversations(people: dict[str, User], first_day: datetime.datetime) -> dict[str, Channel]:
    # Each channel is created on the day of its first message.
    opened: dict[str, Channel] = {}
    for (first, second), text in script.DIRECT.items():
        with clock.at(_start_of(text, 0, first_day)):
            opened[f"{first}+{second}"], _ = services.open_direct_channel(people[first], others=[people[second]])
    return opened


def _start_of(text: str, number: int, first_day: datetime.datetime) -> datetime.datetime:
    """The beginning of the day with this number; the last day of every text is yesterday."""
    days = text.strip().split("\n--\n")
    return first_day + datetime.timedelta(days=DAYS - len(days) + number)


def _say_all(people: dict[str, User], channels: dict[str, Channel], first_day: datetime.datetime) -> int:
    lines = sorted(_lines(first_day), key=lambda line: line.at)
    last: dict[str, int] = {}
    for line in lines:
        with clock.at(line.at):
            draft = Draft(
                channel=channels[line.channel].pk,
                sender=people[line.speaker].pk,
                client_msg_id=uuid.uuid4(),
                body=line.text,
                reply_to=last.get(line.channel) if line.is_answer else None,
            )
            [outcome] = services.post_messages([draft])
        if not isinstance(outcome, Committed):
            raise outcome
        last[line.channel] = Message.objects.get(sender_id=draft.sender, client_msg_id=draft.client_msg_id).pk
    return len(lines)


def _lines(first_day: datetime.datetime) -> Iterator[Line]:
    scenes = {
        "General": script.GENERAL,
        "engineering": script.ENGINEERING,
        "design": script.DESIGN,
        "launch-anchor-2": script.LAUNCH,
        "off-topic": script.OFF_TOPIC,
        **{f"{first}+{second}": text for (first, second), text in script.DIRECT.items()},
    }
    for place, (channel, text) in enumerate(scenes.items()):
        days = text.strip().split("\n--\n")
        for number, day in enumerate(days):
            start = _start_of(text, number, first_day) + datetime.timedelta(minutes=67 * place + 13)
            yield from _scene(channel, day, start)
    yield from _standups(first_day)


def _scene(channel: str, text: str, start: datetime.datetime) -> Iterator[Line]:
    at = start
    for place, raw in enumerate(text.splitlines()):
        is_answer = raw.startswith("> ")
        speaker, _, said = raw.removeprefix("> ").partition(": ")
        # The pace of people: mostly a message within a minute or two, now and then a pause.
        at += datetime.timedelta(seconds=35 + 17 * (place % 5) + (1400 if place % 6 == 5 else 0))
        yield Line(at, channel, speaker, said.replace("⏎", "\n"), is_answer)


def _standups(first_day: datetime.datetime) -> Iterator[Line]:
    for day in range(STANDUP_DAYS):
        start = first_day + datetime.timedelta(days=day - STANDUP_DAYS + DAYS, hours=1)
        for place, username in enumerate(script.PEOPLE):
            turn = day + place
            text = (
                f"Yesterday: {script.YESTERDAY[turn % len(script.YESTERDAY)]}. "
                f"Today: {script.TODAY[turn % len(script.TODAY)]}. "
                f"In the way: {script.IN_THE_WAY[turn % len(script.IN_THE_WAY)]}."
            )
            yield Line(start + datetime.timedelta(minutes=2 * place, seconds=7 * day), "standup", username, text, False)


def _read_most(people: dict[str, User], channels: dict[str, Channel]) -> None:
    # Everybody has read everything except the last few lines of some channels, as after a night.
    moves: dict[tuple[int, int], tuple[int, int]] = {}
    for place, channel in enumerate(channels.values()):
        head = Channel.objects.get(pk=channel.pk).head
        for number, user in enumerate(people.values()):
            unread = (place + number) % 4 * 2
            moves[channel.pk, user.pk] = (head, max(0, head - unread))
    services.move_cursors(moves)


def _react(people: dict[str, User], channels: dict[str, Channel]) -> None:
    for name, author, begin, reactions in script.REACTIONS:
        row = _said_by(people[author], channels[name], begin)
        minutes = 0
        for emoji, names in reactions.items():
            for username in names.split():
                minutes += 2
                with clock.at(row.created_at + datetime.timedelta(minutes=minutes)):
                    services.add_reaction(people[username], channel=row.channel_id, message=row.pk, emoji=emoji)


def _keep_at_hand(people: dict[str, User], channels: dict[str, Channel]) -> None:
    for who, name, author, begin in script.PINS:
        row = _said_by(people[author], channels[name], begin)
        with clock.at(row.created_at + datetime.timedelta(minutes=50)):
            services.pin_message(people[who], channel=row.channel_id, message=row.pk)
    for name, author, begin in script.SAVED:
        services.save_message(people["alice"], message=_said_by(people[author], channels[name], begin).pk)


def _reply_in_threads(people: dict[str, User], channels: dict[str, Channel]) -> None:
    # After all earlier messages, because later numbers must have later times.
    until = clock.now()
    for name, author, begin, replies in script.THREADS:
        root = _said_by(people[author], channels[name], begin)
        for place, (username, text, is_also) in enumerate(replies):
            with clock.at(until - datetime.timedelta(minutes=4 * (len(replies) - place))):
                draft = Draft(
                    channel=root.channel_id,
                    sender=people[username].pk,
                    client_msg_id=uuid.uuid4(),
                    body=text,
                    thread=root.pk,
                    also_in_channel=is_also,
                )
                [outcome] = services.post_messages([draft])
            if not isinstance(outcome, Committed):
                raise outcome


def _keep_order(people: dict[str, User], channels: dict[str, Channel]) -> None:
    # Two reports are waiting in the queue, one report is closed, and one member is muted for a while.
    for name, author, begin, reports in script.REPORTS:
        row = _said_by(people[author], channels[name], begin)
        for number, (reporter, reason) in enumerate(reports):
            _report(people[reporter], row, reason=reason, minutes=20 + 23 * number)
    name, author, begin, body = script.EDITED
    row = _said_by(people[author], channels[name], begin)
    with clock.at(row.created_at + datetime.timedelta(minutes=41)):
        services.edit_message(people[author], channel=channels[name].pk, message=row.pk, body=body)
    (name, author, begin, reporter, why), reason = script.DISMISSED
    row = _said_by(people[author], channels[name], begin)
    report = _report(people[reporter], row, reason=why, minutes=4)
    with clock.at(row.created_at + datetime.timedelta(minutes=66)):
        services.close_report(people["sam"], report=report.pk, verdict="dismissed", reason=reason)
    name, whom, days, by, why = script.MUTE
    until = clock.now() + datetime.timedelta(days=days)
    services.mute_member(people[by], channel=channels[name].pk, user=people[whom], until=until, reason=why)


def _report(reporter: User, row: Message, *, reason: str, minutes: int) -> Report:
    with clock.at(row.created_at + datetime.timedelta(minutes=minutes)):
        report, _ = services.report_message(reporter, channel=row.channel_id, message=row.pk, reason=reason)
    return report


def _said_by(author: User, channel: Channel, begin: str) -> Message:
    return Message.objects.get(sender=author, channel=channel, body__startswith=begin)
