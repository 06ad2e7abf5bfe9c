"""What requests may carry, as serializers: shapes only, the rules are the verbs'."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.models import ChannelKind, NotifyLevel, Role, Scope, Verdict
from chat.services.audit import REASON_CHARACTERS
from delivery.wire import ids
from delivery.wire.errors import Invalid
from presence.people import CHOICES


class Strict(serializers.Serializer[Any]):
    """Refuses fields that it does not know, like the socket."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError({name: ["There is no such field."] for name in sorted(map(str, unknown))})
        return super().to_internal_value(data)


class Nothing(Strict):
    """What takes no body refuses every field."""


class Text(serializers.CharField):
    """Only strings: DRF's own field would take numbers."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Uuid(serializers.UUIDField):
    """Only strings in full, as the socket takes them: DRF's own field would take numbers, braces and urn:uuid:."""

    def to_internal_value(self, data: Any) -> uuid.UUID:
        try:
            return ids.read_uuid(data)
        except Invalid:
            self.fail("invalid", value=data)


class Whole(serializers.IntegerField):
    """Only whole numbers: DRF's own field would take strings and 1.0."""

    def __init__(self, *, least: int = 0, most: int = ids.MOST, **kwargs: Any) -> None:
        super().__init__(min_value=least, max_value=most, **kwargs)

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


def _said(description: str, **bounds: int) -> Callable[[type[Text]], type[Text]]:
    return extend_schema_field({"type": "string", **bounds, "description": description})


@_said("What people say: at most 2,048 bytes of UTF-8.", minLength=1, maxLength=settings.LIMITS.message_bytes)
class Body(Text):
    """Refused by the verb, with a code of its own: `empty` or `too_long`."""

    def __init__(self) -> None:
        super().__init__(trim_whitespace=False, allow_blank=True)


@_said("Why: for the audit log.", minLength=1, maxLength=REASON_CHARACTERS)
class Reason(Text):
    """Refused by the verb, at every door."""


class ChannelInput(Strict):
    name = Text(max_length=80, required=False, allow_blank=True, default="")
    topic = Text(max_length=250, required=False, allow_blank=True, default="")
    kind = serializers.ChoiceField(
        choices=[ChannelKind.PUBLIC, ChannelKind.PRIVATE, ChannelKind.DIRECT], default=ChannelKind.PUBLIC
    )
    members = serializers.ListField(child=Whole(), required=False, default=list, max_length=99)


@_said("Why, where it is needed or worth saying: for the audit log.", maxLength=REASON_CHARACTERS)
class ReasonOrNone(Text):
    """Whether a reason is needed is the verb's to say."""

    def __init__(self) -> None:
        super().__init__(required=False, allow_blank=True, default="")


class Reasoned(Strict):
    reason = ReasonOrNone()


class ChannelRevision(Reasoned):
    name = Text(max_length=80, required=False)
    topic = Text(max_length=250, required=False, allow_blank=True)
    archived = Truth(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "archived" in attrs and {"name", "topic"} & set(attrs):
            raise serializers.ValidationError(
                {"archived": ["Archive and rename in two requests: each is done or not."]}
            )
        return attrs


class NewMember(Reasoned):
    user = Whole()
    role = serializers.ChoiceField(choices=Role.choices, default=Role.MEMBER)


class NewBlock(Strict):
    user = Whole()


class NotifyInput(Strict):
    notify_level = serializers.ChoiceField(choices=NotifyLevel.choices)


class NewRole(Reasoned):
    role = serializers.ChoiceField(choices=Role.choices)


class Removing(Reasoned):
    minutes = Whole(least=1, most=settings.LIMITS.mute_minutes, required=False)


class MessageInput(Strict):
    client_msg_id = Uuid()
    body = Body()
    reply_to = Whole(required=False, allow_null=True, default=None)


class MessageRevision(Strict):
    body = Body()


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
    password = Text(max_length=200, required=False, allow_blank=True, trim_whitespace=False, default="")


class InviteInput(Strict):
    channels = serializers.ListField(child=Whole(), min_length=1, max_length=settings.LIMITS.invite_channels)
    uses = Whole(least=1, most=settings.LIMITS.invite_uses, required=False, allow_null=True, default=None)
    expires_in = Whole(least=1, most=settings.LIMITS.invite_most_seconds, required=False, allow_null=True, default=None)


class Profile(Strict):
    display_name = Text(max_length=80, allow_blank=True, required=False)
    status = serializers.ChoiceField(choices=CHOICES, required=False)
    activity = Text(max_length=80, allow_blank=True, required=False)
    shows_typing = Truth(required=False)


class NewReport(Strict):
    channel = Whole()
    message = Whole()
    reason = Reason()


def rows() -> "serializers.ListField":
    """What one bulk act is about."""
    return serializers.ListField(child=Whole(), min_length=1, max_length=settings.LIMITS.bulk)


class BulkClosing(Strict):
    reports = rows()
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    reason = Reason()


class BulkDeletion(Strict):
    messages = rows()
    reason = Reason()


class BulkReadmission(Strict):
    channel = Whole()
    users = rows()
    reason = Reason()


class BulkRemoval(BulkReadmission):
    minutes = Whole(least=1, most=settings.LIMITS.mute_minutes, required=False)


class BulkMute(BulkReadmission):
    minutes = Whole(least=1, most=settings.LIMITS.mute_minutes)


class BulkBan(Strict):
    users = rows()
    reason = Reason()
