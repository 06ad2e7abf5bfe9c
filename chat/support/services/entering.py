"""Agents enter a conversation, visibly, and its notes: they are members of the conversations that they hold and answer."""

from chat.models import Role, User
from chat.services import log
from chat.services.members import admit, begin_membership, prepare_membership
from chat.support.services.handling import Handling, handling
from chat.support.services.standing import hold_seat, is_in_it


def join(handled: Handling, agent: User) -> None:
    """Tells the customer who answers now; this line makes the agent a member, of the notes too, if they were not."""
    is_new = not is_in_it(agent, handled.row.pk)
    if is_new:
        prepare_membership(handled.entry, agent, actor=agent)
    sentence = f"{handled.entry.person(agent).display_name} answers now"
    number = handled.tell_customer("conversation.claimed", sentence, agent=agent)
    if is_new:
        begin_membership(handled.entry, agent, role=Role.MEMBER, number=number)
    if handled.notes is not None:
        join_log(handled.notes, agent)


def enter(actor: User, *, conversation: int) -> bool:
    """Makes an agent who answers, but does not hold the conversation, a member. Returns whether they were a member before.

    Raises NotFound for a user who is no agent of its inbox.
    """
    with handling(conversation) as handled:
        hold_seat(actor, handled.inbox)
        return not join_log(handled.entry, actor)


def join_log(entry: log.Entry, user: User) -> bool:
    """Makes the agent a member of this log of the conversation; returns whether they are new there."""
    if is_in_it(user, entry.channel.pk):
        return False
    admit(entry, user, actor=user, role=Role.MEMBER)
    return True
