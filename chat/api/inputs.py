"""What requests may carry, as serializers: shapes only, the rules are the verbs'."""

import datetime
from typing import Any

from django.conf import settings
from rest_framework import serializers

from chat.models import ChannelKind, NotifyLevel, Role, Scope, Verdict
from presence.people import CHOICES


class Strict(serializers.Serializer[Any]):
    """Refuses fields that it does not know, like the socket."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError({name: ["There is no such field."] for name in sorted(map(str, unknown))})
        return super().to_internal_value(data)


class Text(serializers.CharField):
    """Only strings: DRF's own field would take numbers."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """Only whole numbers: DRF's own field would take strings and 1.0."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=2**63 - 1, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Truth(serializers.BooleanField):
    """Only true and false: DRF's own field would take words and numbers."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ChannelInput(Strict):
    name = Text(max_length=80, required=False, allow_blank=True, default="")
    topic = Text(max_length=250, required=False, allow_blank=True, default="")
    kind = serializers.ChoiceField(
        choices=[ChannelKind.PUBLIC, ChannelKind.PRIVATE, ChannelKind.DIRECT], default=ChannelKind.PUBLIC
    )
    members = serializers.ListField(child=Whole(), required=False, default=list, max_length=99)


class ChannelRevision(Strict):
    name = Text(max_length=80, required=False)
    topic = Text(max_length=250, required=False, allow_blank=True)


class NewMember(Strict):
    user = Whole()
    role = serializers.ChoiceField(choices=Role.choices, default=Role.MEMBER)


class NotifyInput(Strict):
    notify_level = serializers.ChoiceField(choices=NotifyLevel.choices)


class NewRole(Strict):
    role = serializers.ChoiceField(choices=Role.choices)


class MessageInput(Strict):
    client_msg_id = serializers.UUIDField()
    body = Text(trim_whitespace=False, allow_blank=True)
    reply_to = Whole(required=False, allow_null=True, default=None)


class MessageRevision(Strict):
    body = Text(trim_whitespace=False, allow_blank=True)


class Position(Strict):
    seq = Whole()


class Moment(serializers.DateTimeField):
    """Only strings as RFC 3339 spells them, of years that PostgreSQL and Python both know in every time zone."""

    def to_internal_value(self, value: Any) -> datetime.datetime:
        if not isinstance(value, str):
            self.fail("invalid", format="RFC 3339")
        try:
            return super().to_internal_value(value).astimezone(datetime.UTC)
        except OverflowError:
            self.fail("overflow")


class TokenInput(Strict):
    name = Text(max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices),
        min_length=1,
        max_length=len(Scope),
        default=["read", "write"],
    )
    expires_at = Moment(required=False, allow_null=True, default=None)


class Profile(Strict):
    display_name = Text(max_length=80, allow_blank=True, required=False)
    status = serializers.ChoiceField(choices=CHOICES, required=False)
    activity = Text(max_length=80, allow_blank=True, required=False)
    shows_typing = Truth(required=False)


class NewReport(Strict):
    channel = Whole()
    message = Whole()
    reason = Text()


def rows() -> "serializers.ListField":
    """What one bulk act is about."""
    return serializers.ListField(child=Whole(), min_length=1, max_length=settings.LIMITS.bulk)


class BulkClosing(Strict):
    reports = rows()
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    reason = Text()


class BulkDeletion(Strict):
    messages = rows()
    reason = Text()


class BulkRemoval(Strict):
    channel = Whole()
    users = rows()
    reason = Text()


class BulkMute(BulkRemoval):
    minutes = Whole()

    def validate_minutes(self, value: int) -> int:
        if not 1 <= value <= settings.LIMITS.mute_minutes:
            raise serializers.ValidationError(f"From 1 to {settings.LIMITS.mute_minutes:,}.")
        return value


class BulkBan(Strict):
    users = rows()
    reason = Text()
