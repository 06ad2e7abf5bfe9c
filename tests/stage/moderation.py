"""Moderators, and rows for their acts."""

import uuid
from typing import Any

from django.contrib.auth.models import Group

from chat import clock, services
from chat.models import AuditEntry, Channel, Message, Report, User
from tests.conftest import Cast, said
from tests.stage.accounts import people_called


def newest(cast: Cast) -> Message:
    return Message.objects.filter(channel=cast.team).latest("seq")


def message_of(user: User, cast: Cast, body: str = "something rude") -> Message:
    said(user, cast.team, body)
    return newest(cast)


def staff(name: str, *roles: str) -> User:
    if not Group.objects.exists():
        services.make_groups()
    user = people_called(name)[name]
    services.change_staff_roles(None, user=user.pk, roles=roles, reason="hired")
    return User.objects.get(pk=user.pk)


def message_by(user: User, channel: Channel) -> int:
    """A message that exists, whatever the user's role is now."""
    channel.refresh_from_db()
    number = channel.head + 1
    Channel.objects.filter(pk=channel.pk).update(head=number)
    row = Message.objects.create(
        channel=channel,
        sender=user,
        client_msg_id=uuid.uuid4(),
        body="x",
        seq=number,
        rev=number,
        created_at=clock.now(),
    )
    return row.pk


def reported(who: User, channel: Channel, by: User) -> Report:
    said(who, channel, "something rude")
    row = Message.objects.filter(channel=channel).latest("seq")
    return services.report_message(by, channel=channel.pk, message=row.pk, reason="rude")[0]


def acts() -> Any:
    """The log but for its first line, which says that sam was made a superuser."""
    return AuditEntry.objects.exclude(reason="The account was made so.")


def lines(**where: Any) -> list[tuple[str, str | None, str | None, str]]:
    rows = acts().filter(**where).order_by("pk").select_related("actor", "whom")
    return [(row.act, row.actor and row.actor.username, row.whom and row.whom.username, row.reason) for row in rows]
