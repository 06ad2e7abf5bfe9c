"""Where somebody stands at a desk: an agent of the inbox, who supervises it, or nobody."""

from dataclasses import dataclass

from chat import hot
from chat.models import Conversation, Member, User
from chat.support.models import Agent, Inbox
from delivery.wire.errors import Forbidden, NotFound

READ_SUPPORT = "chat.read_support"
_SEAT = "SELECT id FROM support_agents WHERE inbox_id = %s AND user_id = %s FOR KEY SHARE"


@dataclass(frozen=True, slots=True)
class DeskStanding:
    agent: Agent | None
    #: Superusers supervise every inbox.
    supervises: bool


def require_agent(user: User, inbox: Inbox) -> DeskStanding:
    """Raises NotFound for who is no agent of it: for them there is no such inbox."""
    agent = Agent.objects.filter(inbox=inbox, user=user, user__is_active=True).first()
    if agent is None and not (user.is_superuser and user.is_active):
        raise NotFound
    return DeskStanding(agent, supervises=user.is_superuser or (agent is not None and agent.supervises))


def hold_seat(user: User, inbox: Inbox) -> DeskStanding:
    """As `require_agent`; nobody removes them before the commit. Within a transaction, for who comes into a conversation."""
    hot.rows(_SEAT, [inbox.pk, user.pk])
    return require_agent(user, inbox)


def works_here(user: User, inbox: Inbox) -> bool:
    """Whether a conversation can be left with them: who was banned, has gone or lost the inbox holds nothing."""
    return user.is_active and (user.is_superuser or Agent.objects.filter(inbox=inbox, user=user).exists())


def is_in_it(user: User, channel: int) -> bool:
    """Whether the user is a member of the conversation, or of its notes."""
    return Member.objects.filter(channel=channel, user=user).exists()


def require_reader(user: User, conversation: Conversation, inbox: Inbox) -> None:
    """For what was said in it and the notes: who is in it, who supervises the inbox, and its agents with `read_support`."""
    standing = require_agent(user, inbox)
    if not (standing.supervises or is_in_it(user, conversation.pk) or user.has_perm(READ_SUPPORT)):
        raise Forbidden("Claim the conversation to read it, or ask for the right to read them all.")
