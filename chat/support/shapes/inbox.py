"""Inboxes, as their agents see them."""

from typing import Annotated

import msgspec

from chat.shapes.words import THEN, Id
from chat.support import models
from chat.support.models import Routing
from chat.support.services.seats import public_names
from delivery.wire.types import Time, spell_time


class InboxAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent of an inbox."""

    user: Id
    name: str
    public_name: Annotated[str, msgspec.Meta(description="The name that customers read; empty: their display name.")]
    supervises: bool
    accepting: bool
    capacity: Annotated[int | None, msgspec.Meta(description="null: the inbox's capacity.")]


class InboxInFull(msgspec.Struct, frozen=True, kw_only=True):
    """An inbox with its agents."""

    id: Id
    key: Annotated[str, msgspec.Meta(description="Public: the company's page contains it.")]
    name: str
    desk: Annotated[int, msgspec.Meta(description="The channel with the log of its queue.")]
    is_enabled: bool
    origins: Annotated[list[str], msgspec.Meta(description="Origins of the pages that may frame its widget.")]
    must_verify: bool
    routing: Annotated[str, msgspec.Meta(extra_json_schema={"enum": Routing.values})]
    capacity: int
    lease_seconds: int
    reopen_days: int
    resolves_after_days: int | None
    keeps_days: int | None
    asks_rating: bool
    greeting: str
    closed_text: str
    mail_from: str
    hours: Annotated[int | None, msgspec.Meta(description="null: always open.")]
    agents: list[InboxAgent]
    created_at: Time


class NewInbox(InboxInFull, frozen=True, kw_only=True):
    """A new inbox with its secret, which is shown only once."""

    secret: str


class InboxSecret(msgspec.Struct, frozen=True, kw_only=True):
    """The secret with which the company's server signs from now on. The secret before stays valid until the next change."""

    secret: str


AGENT = InboxAgent(user=2, name="Ada", public_name="Ada from the shop", supervises=False, accepting=True, capacity=None)
INBOX = InboxInFull(
    id=3,
    key="qJ0yv0hTgB3b0E5m3yZ0",
    name="Shop",
    desk=31,
    is_enabled=True,
    origins=["https://shop.example"],
    must_verify=False,
    routing=Routing.PULL.value,
    capacity=5,
    lease_seconds=900,
    reopen_days=7,
    resolves_after_days=None,
    keeps_days=None,
    asks_rating=True,
    greeting="How can we help?",
    closed_text="We are back on Monday at 9.",
    mail_from="",
    hours=None,
    agents=[AGENT],
    created_at=THEN,
)
SECRET = InboxSecret(secret="mDqGTAV0cGqTnqF2pTgGr1cJ0yv0hTgB3b0E5m3yZ0c")  # noqa: S106 (of nobody)
NEW_INBOX = NewInbox(**msgspec.structs.asdict(INBOX), secret=SECRET.secret)


def agent_of(row: models.Agent, *, public_name: str) -> InboxAgent:
    return InboxAgent(
        user=row.user_id,
        name=row.user.get_full_name(),
        public_name=public_name,
        supervises=row.supervises,
        accepting=row.accepting,
        capacity=row.capacity,
    )


def inbox_in_full(row: models.Inbox) -> InboxInFull:
    agents = row.agents.select_related("user").order_by("user_id")
    names = public_names(row)
    return InboxInFull(
        id=row.pk,
        key=row.key,
        name=row.name,
        desk=row.desk_id,
        is_enabled=row.is_enabled,
        origins=row.origins,
        must_verify=row.must_verify,
        routing=row.routing,
        capacity=row.capacity,
        lease_seconds=row.lease_seconds,
        reopen_days=row.reopen_days,
        resolves_after_days=row.resolves_after_days,
        keeps_days=row.keeps_days,
        asks_rating=row.asks_rating,
        greeting=row.greeting,
        closed_text=row.closed_text,
        mail_from=row.mail_from,
        hours=row.hours_id,
        agents=[agent_of(agent, public_name=names.get(agent.user_id, "")) for agent in agents],
        created_at=spell_time(row.created_at),
    )


def new_inbox_of(row: models.Inbox) -> NewInbox:
    return NewInbox(
        **{name: getattr(inbox_in_full(row), name) for name in InboxInFull.__struct_fields__}, secret=row.secret
    )
