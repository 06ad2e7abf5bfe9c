"""Agents come into a conversation, openly, and into its notes: they are members of what they hold and answer."""

from chat.models import Channel, ChannelKind, Role, User
from chat.naming import looks
from chat.services import log
from chat.services.members import admit, begin_membership, hold_memberships, seat
from chat.support.services.handling import Handling, handling
from chat.support.services.standing import hold_seat, is_in_it

#: What is before the visitor's name in the name of the notes.
NOTES_ON = "Notes on "


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
        _join_log(handled.notes, agent)


def enter(actor: User, *, conversation: int) -> bool:
    """For an answer of somebody who does not hold it: they are in it from now on. Whether they were before.

    Raises NotFound for who is no agent of its inbox.
    """
    with handling(conversation) as handled:
        hold_seat(actor, handled.inbox)
        return not _join_log(handled.entry, actor)


def open_notes(actor: User, *, conversation: int) -> int:
    """The channel of its notes, made with the first one; the actor is in it from now on. Raises NotFound."""
    with handling(conversation) as handled:
        hold_seat(actor, handled.inbox)
        if handled.notes is None:
            _make_notes(handled, actor)
        assert handled.notes is not None
        _join_log(handled.notes, actor)
        return handled.notes.channel.pk


def _make_notes(handled: Handling, actor: User) -> None:
    name = (NOTES_ON + handled.row.visitor.get_full_name())[:80]
    seen, seen_in_any_case = looks(name)
    channel = Channel.objects.create(
        name=name,
        name_look=seen,
        name_look_any_case=seen_in_any_case,
        kind=ChannelKind.INNER,
        parent_id=handled.row.pk,
        created_by=actor,
    )
    people = {member.user_id: member.user for member in handled.members() if member.user.is_active}
    hold_memberships([*people.values(), actor])
    handled.notes = log.lock([channel.pk])[channel.pk]
    handled.move(notes=channel)
    for user in people.values():
        _join_log(handled.notes, user)


def _join_log(entry: log.Entry, user: User) -> bool:
    if is_in_it(user, entry.channel.pk):
        return False
    admit(entry, user, actor=user, role=Role.MEMBER)
    return True
