"""An agent's seat: the row, and the membership of the desk's log, in one transaction."""

from chat.models import Member, Role, User
from chat.services import log
from chat.services.members import admit, dismiss
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
    """Within the desk's entry. Raises Forbidden for a visitor, ChannelFull."""
    require_inside(user)
    admit(entry, user, actor=user, role=Role.MEMBER)
    return Agent.objects.create(inbox=inbox, user=user, supervises=supervises, accepting=accepting, capacity=capacity)


def unseat_agent(entry: log.Entry, agent: Agent, *, actor: User) -> None:
    """The same way back: from this number on the queue is not theirs to see."""
    member = Member.objects.filter(channel=entry.channel, user=agent.user).first()
    if member is not None:
        sentence = f"{actor.get_full_name()} removed {agent.user.get_full_name()}"
        dismiss(entry, member, actor=actor, event="member.removed", sentence=sentence)
    agent.delete()


def name_agent(agent: Agent, name: str) -> bool:
    """What customers read for the agent from now on, where posting finds it: in the membership of the desk's log.

    Whether it is another one.
    """
    seats = Member.objects.filter(channel=agent.inbox.desk_id, user=agent.user_id)
    return seats.exclude(public_name=name).update(public_name=name) > 0


def public_names(inbox: Inbox) -> dict[int, str]:
    """By user; of those who were given one."""
    named = Member.objects.filter(channel=inbox.desk_id).exclude(public_name="")
    return dict(named.values_list("user_id", "public_name"))
