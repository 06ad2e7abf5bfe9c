"""An agent's own inboxes, as they see them."""

from typing import Annotated

import msgspec

from chat.support.models import Agent


class Agency(msgspec.Struct, frozen=True, kw_only=True):
    """An inbox of the agent."""

    inbox: int
    name: str
    accepting: bool
    supervises: bool
    capacity: Annotated[int, msgspec.Meta(description="The most conversations that they can hold at a time.")]
    held: Annotated[int, msgspec.Meta(description="How many conversations they hold now.")]


class OwnAgencies(msgspec.Struct, frozen=True, kw_only=True):
    accepting: Annotated[bool, msgspec.Meta(description="Whether they get conversations, in all of their inboxes.")]
    inboxes: list[Agency]


AGENCY = Agency(inbox=1, name="Shop", accepting=True, supervises=False, capacity=5, held=2)
OWN_AGENCIES = OwnAgencies(accepting=True, inboxes=[AGENCY])


def own_agencies_of(agents: list[tuple[Agent, int]]) -> OwnAgencies:
    """The agent's inboxes, each with the number of conversations that they hold. Needs the inbox selected along."""
    return OwnAgencies(
        accepting=any(agent.accepting for agent, _ in agents),
        inboxes=[
            Agency(
                inbox=agent.inbox_id,
                name=agent.inbox.name,
                accepting=agent.accepting,
                supervises=agent.supervises,
                capacity=agent.most,
                held=held,
            )
            for agent, held in agents
        ],
    )
