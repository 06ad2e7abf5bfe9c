"""The shapes of answers, for the OpenAPI document; what they hold is written by wire.py and moderation.py."""

from typing import Annotated, Any

import msgspec

from chat.shapes import Channel, ChannelBrief, Cursors, Member, Message
from chat.shapes.words import Absent, Id, RoleName, ScopeName, VerdictName
from delivery.wire.frames import Person, PersonState
from delivery.wire.types import Time

SENT = (Channel, ChannelBrief, Cursors, Member, Message)


class Me(msgspec.Struct, kw_only=True):
    """The caller, and what this login may be used for."""

    id: Id
    username: str
    display_name: str
    status: str
    activity: str
    shows_typing: bool
    is_staff: bool
    date_joined: Time
    scopes: list[ScopeName]


class People(msgspec.Struct, kw_only=True):
    """Who is here, by user id."""

    users: dict[int, PersonState]


class Figures(msgspec.Struct, kw_only=True):
    """What one looks at when a channel seems slow or loud: of the last `window_minutes`; latencies as p50, p95 and p99."""

    window_minutes: int
    members: int
    active_members: int
    messages_last_minute: int
    messages_last_hour: int
    messages_a_minute: float
    latency_ms: dict[str, int] | None
    errors: dict[str, int] | None


class Token(msgspec.Struct, kw_only=True):
    """A token without its secret."""

    id: Id
    name: str
    scopes: list[ScopeName]
    created_at: Time
    last_used_at: Annotated[Time | None, msgspec.Meta(description="Written at most once a minute.")]
    expires_at: Time | None
    parent: Annotated[int | None, msgspec.Meta(description="The token that made it, with which it ends.")]


class Invite(msgspec.Struct, kw_only=True):
    """An invitation of the caller's that stands, without its link."""

    id: Id
    channels: list[int]
    uses: Annotated[int, msgspec.Meta(description="How many people it lets in.")]
    used: Annotated[int, msgspec.Meta(description="How many have come.")]
    created_at: Time
    expires_at: Time


class NewInvite(Invite, kw_only=True):
    """An invitation with its link, which is shown this once."""

    url: Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]


class NewToken(Token, kw_only=True):
    """A token with its secret, which is shown this once."""

    secret: str


class ReportReceipt(msgspec.Struct, kw_only=True):
    """What was reported."""

    id: Id
    channel: Id
    message: Id
    reason: str


class Report(msgspec.Struct, kw_only=True):
    """A report as those who keep the channel see it."""

    id: Id
    channel: ChannelBrief
    message: Message
    reported_body: Annotated[str, msgspec.Meta(description="What the message said when it was reported.")]
    reporter: Person | None
    reason: str
    reports_of_the_message: int
    created_at: Time
    closed_at: Time | None
    closed_by: Person | None
    verdict: VerdictName | None
    closing_reason: str


class Version(msgspec.Struct, kw_only=True):
    """What a message said before an edit or its deletion."""

    number: int
    body: str
    written_at: Time
    replaced_at: Time


class ReportInFull(Report, kw_only=True):
    """With what was said around it, and what it said before."""

    context: list[Message]
    versions: list[Version]


class MessageWithVersions(msgspec.Struct, kw_only=True):
    """A message, and what it said before each edit."""

    message: Message
    versions: list[Version]


class Desk(msgspec.Struct, kw_only=True):
    """What is waiting for a moderator."""

    open_reports: int
    may_ban: bool
    moderates_everywhere: bool


class Sanction(msgspec.Struct, kw_only=True):
    """What was imposed on somebody in a channel; it outlives the membership."""

    channel: ChannelBrief
    user: Person
    by: Person | None
    reason: str


class Mute(Sanction, kw_only=True):
    """`role` is null for who has left meanwhile: the mute waits for them."""

    role: RoleName | None
    muted_until: Time


class Block(msgspec.Struct, kw_only=True):
    """Whom the caller has blocked; its `id` is theirs."""

    id: Id
    user: Person
    created_at: Time


class Removal(Sanction, kw_only=True):
    """Until `may_return_at` (null: until added by who may remove) they can't join by themselves."""

    removed_at: Time
    may_return_at: Time | None


class Ban(msgspec.Struct, kw_only=True):
    id: Id
    user: Person | None
    reason: str
    banned_by: Person | None
    created_at: Time
    lifted_at: Time | None
    lifted_by: Person | None
    lifted_reason: str


class AuditEntry(msgspec.Struct, kw_only=True):
    """One act of moderation; `address` for staff only."""

    id: Id
    created_at: Time
    act: str
    actor: Person | None
    whom: Person | None
    channel: ChannelBrief | None
    message: int | None
    reason: str
    details: Any
    door: str
    address: str | Absent | None = msgspec.UNSET


class NotDone(msgspec.Struct, kw_only=True):
    """One that was refused, and why."""

    id: Id
    code: str
    detail: str


class BulkOutcome(msgspec.Struct, kw_only=True):
    """Each by itself: what was done, and what was refused."""

    done: list[Id]
    refused: list[NotDone]


class Problem(msgspec.Struct, kw_only=True):
    """RFC 9457, with the code that the socket would say."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: Annotated[str, msgspec.Meta(description="As in the header X-Request-ID and in the log.")]
    errors: (
        Annotated[
            dict[str, list[str]], msgspec.Meta(description="Sentences by the field or parameter that they are about.")
        ]
        | Absent
    ) = msgspec.UNSET
    retry_after: (
        Annotated[float, msgspec.Meta(description="Seconds after which the same may be sent again.")] | Absent
    ) = msgspec.UNSET
