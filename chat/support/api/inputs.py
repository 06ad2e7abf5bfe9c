"""The shapes of the support's request bodies. The rules are in the verbs."""

from typing import Annotated

import msgspec

from chat.api.inputs import AS_IT_IS, Body, BodyOrFiles, Files, Input, Moment, Number, Unset, Uuid
from chat.support.models import Priority, Routing
from chat.support.services.revising import LABEL_CHARACTERS, MOST_LABELS
from chat.support.shapes.hours import Day, OpenFor, Promise

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
Origins = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=200, min_length=1)]],
    msgspec.Meta(max_length=50, description="scheme://host[:port] of the pages that may frame the widget."),
]
People = Annotated[list[Number], msgspec.Meta(max_length=99)]
Text = Annotated[str, msgspec.Meta(max_length=500)]
Few = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]
SomeDays = Annotated[int, msgspec.Meta(ge=1, le=3650)]
LeaseSeconds = Annotated[int, msgspec.Meta(ge=1, le=7 * 24 * 3600)]
Email = Annotated[str, msgspec.Meta(max_length=254)]
#: An identity that the company's server signed; the verb checks it.
Signed = Annotated[str, msgspec.Meta(max_length=8000, extra=AS_IT_IS)]

SeenSeq = Annotated[
    Number,
    msgspec.Meta(description="The newest number that the agent has seen; default: the agent's read cursor."),
]
Label = Annotated[str, msgspec.Meta(max_length=LABEL_CHARACTERS)]


class InboxInput(Input, frozen=True, kw_only=True):
    name: Name
    origins: Origins = []
    agents: People = []


class InboxRevision(Input, frozen=True, kw_only=True):
    name: Name | Unset = msgspec.UNSET
    origins: Origins | Unset = msgspec.UNSET
    is_enabled: bool | Unset = msgspec.UNSET
    must_verify: bool | Unset = msgspec.UNSET
    routing: Routing | Unset = msgspec.UNSET
    capacity: Few | Unset = msgspec.UNSET
    lease_seconds: LeaseSeconds | Unset = msgspec.UNSET
    reopen_days: Days | Unset = msgspec.UNSET
    resolves_after_days: SomeDays | Unset | None = msgspec.UNSET
    keeps_days: SomeDays | Unset | None = msgspec.UNSET
    asks_rating: bool | Unset = msgspec.UNSET
    greeting: Text | Unset = msgspec.UNSET
    closed_text: Text | Unset = msgspec.UNSET
    mail_from: Email | Unset = msgspec.UNSET
    hours: Number | Unset | None = msgspec.UNSET


class NewAgent(Input, frozen=True, kw_only=True):
    user: Number
    supervises: bool = False
    capacity: Few | None = None


class AgentRevision(Input, frozen=True, kw_only=True):
    supervises: bool | Unset = msgspec.UNSET
    capacity: Few | Unset | None = msgspec.UNSET
    public_name: Annotated[str, msgspec.Meta(max_length=80)] | Unset = msgspec.UNSET


class VisitInput(Input, frozen=True, kw_only=True):
    identity: Signed | None = None


class FirstMessage(Input, frozen=True, kw_only=True):
    client_msg_id: Uuid
    body: BodyOrFiles
    files: Files = []
    page: Annotated[
        str, msgspec.Meta(max_length=2000, description="The page of the visitor; kept without its query.")
    ] = ""
    locale: Annotated[str, msgspec.Meta(max_length=35, description="The language of the browser.")] = ""


class AnswerInput(Input, frozen=True, kw_only=True):
    client_msg_id: Uuid
    body: BodyOrFiles
    seen_seq: SeenSeq | None = None
    files: Files = []


class NoteInput(Input, frozen=True, kw_only=True):
    client_msg_id: Uuid
    body: BodyOrFiles
    seen_seq: SeenSeq | None = None
    files: Files = []


class ResolveInput(Input, frozen=True, kw_only=True):
    client_msg_id: Uuid | Unset = msgspec.UNSET
    body: BodyOrFiles | Unset = msgspec.UNSET
    seen_seq: SeenSeq | None = None
    files: Files = []


class SnoozeInput(Input, frozen=True, kw_only=True):
    until: Moment


class AssignInput(Input, frozen=True, kw_only=True):
    agent: Number


class ConversationRevision(Input, frozen=True, kw_only=True):
    priority: Priority | Unset = msgspec.UNSET
    labels: Annotated[list[Label], msgspec.Meta(max_length=MOST_LABELS)] | Unset = msgspec.UNSET


class RatingInput(Input, frozen=True, kw_only=True):
    score: Annotated[int, msgspec.Meta(ge=1, le=5)]
    comment: Annotated[str, msgspec.Meta(max_length=1000, extra=AS_IT_IS)] = ""


class TranscriptInput(Input, frozen=True, kw_only=True):
    mail: Annotated[bool, msgspec.Meta(description="Whether to mail it to the customer too.")] = False


class HoursInput(Input, frozen=True, kw_only=True):
    name: Name
    time_zone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    spans: Annotated[list[OpenFor], msgspec.Meta(max_length=70)]
    holidays: Annotated[list[Day], msgspec.Meta(max_length=400)] = []


class PoliciesInput(Input, frozen=True, kw_only=True):
    policies: Annotated[list[Promise], msgspec.Meta(max_length=12)]


def changed(given: Input) -> dict[str, object]:
    """The fields that the request has, with their values."""
    values = {name: getattr(given, name) for name in given.__struct_fields__}
    return {name: value for name, value in values.items() if value is not msgspec.UNSET}


class AcceptingInput(Input, frozen=True, kw_only=True):
    accepting: bool


Code = Annotated[str, msgspec.Meta(max_length=40, min_length=1, description="Small letters, digits and dashes.")]


class CannedInput(Input, frozen=True, kw_only=True):
    inbox: Number
    code: Code
    body: Body


class CannedRevision(Input, frozen=True, kw_only=True):
    code: Code | Unset = msgspec.UNSET
    body: Body | Unset = msgspec.UNSET
