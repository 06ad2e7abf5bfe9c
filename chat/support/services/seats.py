"""An agent's seat at a desk: the row, and the membership of the desk's log, in one transaction."""

from chat.models import Member, Role, User
from chat.services import log
from chat.services.members import admit, end_membership
from chat.services.visitors import require_inside
from chat.support.models import Agent, Inbox


def seat_agent(
    entry: log.Entry,
    inbox: Inbox,
    user: User,
    *,
    supervises: bool = False,
    accepting: bool = True,
    capacity: int | None = None,
) -> Agent:
    """Gives a user a seat, within the desk's entry. Raises Forbidden for a visitor, ChannelFull."""
    require_inside(user)
    admit(entry, user, actor=user, role=Role.MEMBER)
    return Agent.objects.create(inbox=inbox, user=user, supervises=supervises, accepting=accepting, capacity=capacity)


def unseat_agent(entry: log.Entry, agent: Agent, *, actor: User) -> None:
    """Takes the seat away, within the desk's entry: from this number on the agent does not see the queue."""
    member = Member.objects.filter(channel=entry.channel, user=agent.user).first()
    if member is not None:
        sentence = f"{actor.get_full_name()} removed {agent.user.get_full_name()}"
        end_membership(entry, member, actor=actor, event="member.removed", sentence=sentence)
    agent.delete()


def name_agent(agent: Agent, name: str) -> bool:
    """Sets the agent's public name for customers in the membership of the desk's log, where posting reads it.

    Returns whether it has changed.
    """
    seats = Member.objects.filter(channel=agent.inbox.desk_id, user=agent.user_id)
    return seats.exclude(public_name=name).update(public_name=name) > 0


def public_names(inbox: Inbox) -> dict[int, str]:
    """The agents' public names, by user; agents without one are left out."""
    named = Member.objects.filter(channel=inbox.desk_id).exclude(public_name="")
    return dict(named.values_list("user_id", "public_name"))
