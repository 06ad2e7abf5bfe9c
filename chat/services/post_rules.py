"""The rules of posting: by the facts about a draft, who may post, and what a reply, a file or a guarded answer needs."""

import datetime

from chat.models import ChannelKind
from chat.rights.table import Right, refusal
from chat.services.conversing import missed_since
from chat.services.drafts import Draft
from chat.services.posting_facts import Facts
from chat.services.posting_files import REFUSALS
from chat.services.roots import refusal_in_thread
from delivery.wire.errors import Blocked, Forbidden, NotAMember, NotFound, Over, Overtaken, Refused

_OVER = "This conversation is over, and its customer begins another one: reopen it to answer all the same."


def refusal_to_post(draft: Draft, facts: Facts, now: datetime.datetime) -> Refused | None:
    """The refusal of the draft, or None if it may be posted."""
    sender = facts.standing
    if sender.kind is None:
        return NotFound()
    if sender.role is None:
        return NotAMember() if sender.kind == ChannelKind.PUBLIC else NotFound()
    if not sender.is_active:
        return Forbidden("This account is not active.")
    refused = refusal(
        Right.POST,
        role=sender.role,
        moderates=False,
        place=sender.kind,
        is_archived=sender.is_archived,
        is_muted=sender.muted_until is not None and datetime.datetime.fromisoformat(sender.muted_until) > now,
    )
    if refused is not None:
        return refused
    if sender.is_blocked:
        return Blocked()
    if facts.is_over:
        return Over(_OVER) if sender.side == "staff" else Over()
    if facts.overtaken_since is not None:
        return Overtaken(missed_since(draft.channel, facts.overtaken_since))
    if draft.reply_to is not None and facts.answered != draft.channel:
        return NotFound("The message that this answers is not in the channel.")
    refused = refusal_in_thread(draft, facts)
    if refused is not None or facts.files is None:
        return refused
    return REFUSALS[facts.files]()
