"""Agents come into a conversation, openly, and into its notes: they are members of what they hold and answer."""

from chat.models import Role, User
from chat.services import log
from chat.services.members import admit, begin_membership, seat
from chat.support.services.handling import Handling, handling
from chat.support.services.standing import hold_seat, is_in_it


def join(handled: Handling, agent: User) -> None:
    """The customer is told who answers now; by that line the agent is a member, of the notes too, if they were not."""
    is_new = not is_in_it(agent, handled.row.pk)
    if is_new:
        seat(handled.entry, agent, actor=agent)
    sentence = f"{handled.entry.person(agent).display_name} answers now"
    number = handled.tell_customer("conversation.claimed", sentence, agent=agent)
    if is_new:
        begin_membership(handled.entry, agent, role=Role.MEMBER, number=number)
    if handled.notes is not None:
        join_log(handled.notes, agent)


def enter(actor: User, *, conversation: int) -> bool:
    """For an answer of somebody who does not hold it: they are in it from now on. Whether they were before.

    Raises NotFound for who is no agent of its inbox.
    """
    with handling(conversation) as handled:
        hold_seat(actor, handled.inbox)
        return not join_log(handled.entry, actor)


def join_log(entry: log.Entry, user: User) -> bool:
    """A member of this log of the conversation from now on; whether they were not before."""
    if is_in_it(user, entry.channel.pk):
        return False
    admit(entry, user, actor=user, role=Role.MEMBER)
    return True
