"""An agent's inboxes, and whether they accept conversations there: their own choice, apart from presence."""

from chat.allowances.counting import counted
from chat.allowances.table import DESK_ACTS
from chat.models import User
from chat.support.models import Agent
from chat.support.services.holding import count_held
from delivery.wire.errors import Forbidden

NO_AGENT = "You are no agent of an inbox."


def agencies_of(user: User) -> list[tuple[Agent, int]]:
    """The user's inboxes, each with the number of conversations that they hold. Raises Forbidden for a user who is no agent."""
    agents = list(Agent.objects.filter(user=user).select_related("inbox").order_by("inbox__name"))
    if not agents:
        raise Forbidden(NO_AGENT)
    return [(agent, count_held(agent.inbox, user)) for agent in agents]


def set_accepting(actor: User, *, accepting: bool) -> None:
    """Sets it in all of the actor's inboxes; they keep what they hold. Repeating does nothing. Raises Forbidden, RateLimited."""
    with counted(DESK_ACTS, actor):
        if not Agent.objects.filter(user=actor).update(accepting=accepting):
            raise Forbidden(NO_AGENT)
