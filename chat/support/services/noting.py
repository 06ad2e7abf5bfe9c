"""Internal notes, in a log of their own: every agent of the inbox may write them; reading them is another right."""

import uuid
from dataclasses import replace

from django.db import transaction

from chat import shapes
from chat.allowances.counting import count
from chat.allowances.table import MESSAGES
from chat.models import Channel, ChannelKind, User
from chat.naming import looks
from chat.services import keep_leases, log
from chat.services.drafts import Draft, check_draft
from chat.services.members import hold_memberships
from chat.services.posting import post_messages
from chat.services.posting_files import post_with_files
from chat.services.repeats import posted_before
from chat.support.services.entering import join_log
from chat.support.services.handling import Handling, handling
from chat.support.services.standing import hold_seat, is_in_it
from delivery.source import Committed
from delivery.wire.codec import encode
from delivery.wire.errors import Refused

#: The beginning of the notes' name, before the visitor's name.
NOTES_ON = "Notes on "


@transaction.atomic
def note(
    actor: User, *, conversation: int, client_msg_id: uuid.UUID, body: str, files: tuple[int, ...] = ()
) -> Committed:
    """Writes a note on the conversation; the first note creates their log. A repeat returns the first message, and does no more.

    An agent who is in the conversation becomes a member of its notes. Any other agent of the inbox writes without becoming one:
    only agents with `read_support` and supervisors read others' notes. Raises the refusals of a message, and NotFound.
    """
    draft = Draft(channel=conversation, sender=actor.pk, client_msg_id=client_msg_id, body=body, files=files)
    check_draft(draft)
    count(MESSAGES, actor, key=str(client_msg_id))
    with handling(conversation) as handled:
        hold_seat(actor, handled.inbox)
        notes = handled.notes or _make_notes(handled, actor)
        draft = replace(draft, channel=notes.channel.pk)
        first = posted_before(draft, reads=is_in_it(actor, draft.channel))
        if first is not None:
            return first
        if not is_in_it(actor, conversation):
            row = post_with_files(notes, actor, draft)
            return Committed(raw=encode(shapes.message_of(row)), duplicate=False)
        join_log(notes, actor)
    [outcome] = post_messages([draft])
    if isinstance(outcome, Refused):
        raise outcome
    keep_leases([(conversation, actor.pk)])
    return outcome


def _make_notes(handled: Handling, actor: User) -> log.Entry:
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
    hold_memberships(people.values())
    notes = handled.notes = log.lock([channel.pk])[channel.pk]
    handled.move(notes=channel)
    for user in people.values():
        join_log(notes, user)
    return notes
