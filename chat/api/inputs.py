"""The shapes of request bodies. The rules are in the verbs."""

import datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from django.conf import settings
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import ValidationError

from chat.models import NotifyLevel, Role, Scope, Verdict
from chat.services.audit import REASON_CHARACTERS
from delivery.wire import ids

Given = TypeVar("Given")

Unset = msgspec.UnsetType
#: Marks text whose blanks at both ends are kept.
AS_IT_IS = {"as_it_is": True}
Number = Annotated[int, msgspec.Meta(ge=0, le=ids.MOST)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=settings.LIMITS.mute_minutes)]
#: The ids of the rows of one bulk act.
Rows = Annotated[list[Number], msgspec.Meta(min_length=1, max_length=settings.LIMITS.bulk)]
Uuid = Annotated[
    str,
    msgspec.Meta(
        min_length=ids.UUID_LENGTH,
        max_length=ids.UUID_LENGTH,
        pattern=ids.UUID_PATTERN,
        extra_json_schema={"format": "uuid"},
        extra=AS_IT_IS,
    ),
]
#: `moment` reads it: msgspec would accept a time without a time zone.
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
#: The verb, not this shape, refuses a bad length, with a code of its own: `empty` or `too_long`.
Body = Annotated[
    str,
    msgspec.Meta(
        description="The text: at most 2,048 bytes of UTF-8.",
        extra_json_schema={"minLength": 1, "maxLength": settings.LIMITS.message_bytes},
        extra=AS_IT_IS,
    ),
]
BodyOrFiles = Annotated[
    str,
    msgspec.Meta(
        description="The text: at most 2,048 bytes of UTF-8. With files it may be empty.",
        extra_json_schema={"maxLength": settings.LIMITS.message_bytes},
        extra=AS_IT_IS,
    ),
]
Files = Annotated[
    list[Number],
    msgspec.Meta(
        max_length=settings.LIMITS.files_per_message,
        description="Ids of the caller's files that no message has yet, in order. With files the body may be empty.",
    ),
]
#: The verb checks the length, so that every door has the same rule.
Reason = Annotated[
    str,
    msgspec.Meta(
        min_length=1, description="The reason, for the audit log.", extra_json_schema={"maxLength": REASON_CHARACTERS}
    ),
]
#: The verb also checks whether a reason is needed.
ReasonOrNone = Annotated[
    str,
    msgspec.Meta(
        description="The reason, for the audit log; required for some callers.",
        extra_json_schema={"maxLength": REASON_CHARACTERS},
    ),
]
Scopes = Annotated[
    list[Scope],
    msgspec.Meta(min_length=1, max_length=len(Scope), extra_json_schema={"default": [Scope.READ, Scope.WRITE]}),
]
ShortText = Annotated[str, msgspec.Meta(max_length=80)]
ShortName = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Topic = Annotated[str, msgspec.Meta(max_length=250)]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A request's body. It refuses unknown fields, like the socket."""


class Nothing(Input, frozen=True, kw_only=True):
    """The body of an operation that takes none: every field is refused."""


class ChannelInput(Input, frozen=True, kw_only=True):
    name: ShortText = ""
    topic: Topic = ""
    kind: Literal["public", "private", "direct"] = "public"
    members: Annotated[list[Number], msgspec.Meta(max_length=99)] = []


class Reasoned(Input, frozen=True, kw_only=True):
    reason: ReasonOrNone = ""


class ChannelRevision(Reasoned, frozen=True, kw_only=True):
    #: An empty name removes the name of a direct conversation.
    name: ShortText | Unset = msgspec.UNSET
    topic: Topic | Unset = msgspec.UNSET
    archived: bool | Unset = msgspec.UNSET

    def __post_init__(self) -> None:
        is_renaming = self.name is not msgspec.UNSET or self.topic is not msgspec.UNSET
        if self.archived is not msgspec.UNSET and is_renaming:
            raise ValidationError({"archived": ["Archive and rename in two requests: each is done or not."]})


class NewMember(Reasoned, frozen=True, kw_only=True):
    user: Number
    role: Role = Role.MEMBER


class NewBlock(Input, frozen=True, kw_only=True):
    user: Number


class Arrangement(Input, frozen=True, kw_only=True):
    notify_level: NotifyLevel | Unset = msgspec.UNSET
    favourite: bool | Unset = msgspec.UNSET
    section: Annotated[str, msgspec.Meta(max_length=40)] | Unset = msgspec.UNSET


class NewRole(Reasoned, frozen=True, kw_only=True):
    role: Role


class Removing(Reasoned, frozen=True, kw_only=True):
    minutes: Minutes | Unset = msgspec.UNSET


class MessageInput(Input, frozen=True, kw_only=True):
    client_msg_id: Uuid
    body: BodyOrFiles
    reply_to: Number | None = None
    files: Files = []
    thread: (
        Annotated[Number, msgspec.Meta(description="The id of the thread's root, for a reply in a thread.")] | None
    ) = None
    also_in_channel: bool = False
    seen_seq: (
        Annotated[
            Number,
            msgspec.Meta(
                description="For agents in a support conversation: the newest number that the agent has seen."
            ),
        ]
        | None
    ) = None


class MessageRevision(Input, frozen=True, kw_only=True):
    body: Body


class ReactionInput(Input, frozen=True, kw_only=True):
    emoji: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class Following(Input, frozen=True, kw_only=True):
    following: bool | Unset = msgspec.UNSET
    read_seq: Number | Unset = msgspec.UNSET
    unread_from: Number | Unset = msgspec.UNSET


class SavedInput(Input, frozen=True, kw_only=True):
    message: Number


class Position(Input, frozen=True, kw_only=True):
    seq: Number


class TokenInput(Input, frozen=True, kw_only=True):
    name: ShortName
    scopes: Scopes = msgspec.field(default_factory=lambda: [Scope.READ, Scope.WRITE])
    expires_at: Moment | None = None
    password: Annotated[str, msgspec.Meta(max_length=200, extra=AS_IT_IS)] = ""


class InviteInput(Input, frozen=True, kw_only=True):
    channels: Annotated[list[Number], msgspec.Meta(min_length=1, max_length=settings.LIMITS.invite_channels)]
    uses: Annotated[int, msgspec.Meta(ge=1, le=settings.LIMITS.invite_uses)] | None = None
    expires_in: Annotated[int, msgspec.Meta(ge=1, le=settings.LIMITS.invite_most_seconds)] | None = None


class Profile(Input, frozen=True, kw_only=True):
    display_name: ShortText | Unset = msgspec.UNSET
    status: Literal["online", "away", "busy", "invisible"] | Unset = msgspec.UNSET
    activity: ShortText | Unset = msgspec.UNSET
    shows_typing: bool | Unset = msgspec.UNSET
    unread_first: bool | Unset = msgspec.UNSET


class NewReport(Input, frozen=True, kw_only=True):
    channel: Number
    message: Number
    reason: Reason


class BulkClosing(Input, frozen=True, kw_only=True):
    reports: Rows
    verdict: Verdict
    reason: Reason


class BulkDeletion(Input, frozen=True, kw_only=True):
    messages: Rows
    reason: Reason


class BulkReadmission(Input, frozen=True, kw_only=True):
    channel: Number
    users: Rows
    reason: Reason


class BulkRemoval(BulkReadmission, frozen=True, kw_only=True):
    minutes: Minutes | Unset = msgspec.UNSET


class BulkMute(BulkReadmission, frozen=True, kw_only=True):
    minutes: Minutes


class BulkBan(Input, frozen=True, kw_only=True):
    users: Rows
    reason: Reason


def or_none(value: Given | Unset) -> Given | None:
    """None for a field that the request leaves out."""
    return None if isinstance(value, Unset) else value


def moment(text: str | None, *, field: str) -> datetime.datetime | None:
    """Reads an RFC 3339 time that PostgreSQL and Python both know in every time zone. Raises DRF's ValidationError."""
    if text is None:
        return None
    try:
        found = parse_datetime(text)
        if found is not None:
            aware = found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)
            return aware.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        pass
    raise ValidationError({field: ["Datetime has wrong format. Spell it as RFC 3339 does: 2027-11-23T00:00:00Z."]})
