"""A user's standing at a desk: agent, supervisor, or none."""

from dataclasses import dataclass

from chat import prepared_sql
from chat.models import Conversation, Member, User
from chat.support.models import Agent, Inbox
from delivery.wire.errors import Forbidden, NotFound

READ_SUPPORT = "chat.read_support"
_SEAT = "SELECT id FROM support_agents WHERE inbox_id = %s AND user_id = %s FOR KEY SHARE"


@dataclass(frozen=True, slots=True)
class DeskStanding:
    agent: Agent | None
    #: Whether they supervise the inbox; superusers supervise every inbox.
    supervises: bool


def require_agent(user: User, inbox: Inbox) -> DeskStanding:
    """The user's standing. Raises NotFound for a user who is no agent of the inbox: for them it does not exist."""
    agent = Agent.objects.filter(inbox=inbox, user=user, user__is_active=True).first()
    if agent is None and not (user.is_superuser and user.is_active):
        raise NotFound
    return DeskStanding(agent, supervises=user.is_superuser or (agent is not None and agent.supervises))


def hold_seat(user: User, inbox: Inbox) -> DeskStanding:
    """Like `require_agent`, and locks the seat, so that nobody removes the agent before the commit. For agents who enter."""
    prepared_sql.rows(_SEAT, [inbox.pk, user.pk])
    return require_agent(user, inbox)


def works_here(user: User, inbox: Inbox) -> bool:
    """Whether the agent can hold conversations: not if they are banned, have left, or are no agent of the inbox any more."""
    return user.is_active and (user.is_superuser or Agent.objects.filter(inbox=inbox, user=user).exists())


def is_in_it(user: User, channel: int) -> bool:
    """Whether the user is a member of the conversation, or of its notes."""
    return Member.objects.filter(channel=channel, user=user).exists()


def require_reader(user: User, conversation: Conversation, inbox: Inbox) -> None:
    """Checks the right to read messages and notes: members, supervisors of the inbox, and its agents with `read_support`."""
    standing = require_agent(user, inbox)
    if not (standing.supervises or is_in_it(user, conversation.pk) or user.has_perm(READ_SUPPORT)):
        raise Forbidden("Claim the conversation to read it, or ask for the right to read them all.")
