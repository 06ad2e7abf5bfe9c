"""The effects of a reply on its thread's root (threading.sql, for posting): which messages can be roots, and a root's change."""

from typing import Any

import msgspec
from django.db.models import Field

from chat import prepared_sql, shapes
from chat.models import ChannelKind, Message, ThreadFollower, User
from chat.services import log
from chat.services.drafts import Draft
from chat.services.posting_facts import ROOT, Facts
from delivery.bus.announcements import Change
from delivery.wire.errors import Invalid, NotFound, Refused

_IS_NO_ROOT = {
    "system": "A line about the channel can't begin a thread.",
    "reply": "A reply in a thread can't begin another thread.",
    "deleted": "The message that this thread began with was deleted.",
}


def refusal_in_thread(draft: Draft, facts: Facts) -> Refused | None:
    """The refusal of a reply in a thread; None if it is allowed, or is no reply in a thread."""
    if draft.thread is None:
        return Invalid("Only a reply in a thread can be shown in the channel too.") if draft.also_in_channel else None
    if facts.standing.side is not None or facts.standing.kind == ChannelKind.INNER:
        return Invalid("There are no threads in conversations with the support.")
    if facts.root == ROOT:
        return None
    sentence = _IS_NO_ROOT.get(facts.root or "")
    return (
        Invalid(sentence) if sentence else NotFound("The message that this thread begins with is not in the channel.")
    )


def count_again(entry: log.Entry, root: Message) -> None:
    """After a reply was deleted, under the channel's lock: counts the replies again; the root takes the next number."""
    alive = Message.objects.filter(thread=root, deleted_at=None)
    [(repliers,)] = prepared_sql.rows("SELECT latest_repliers(%s)::text", [root.pk])
    root.repliers = None if repliers is None else msgspec.json.decode(repliers)
    root.reply_count = alive.count()
    root.last_reply_at = alive.order_by("-seq").values_list("created_at", flat=True).first()
    entry.revise(root, "reply_count", "last_reply_at", "repliers")


def follow_where_called(reply: Message) -> None:
    """After an edit: users whom the reply mentions follow its thread from there, unless they have unfollowed it."""
    if reply.thread_id is not None and reply.mentions is not None:
        ThreadFollower.objects.bulk_create(
            [
                ThreadFollower(root_id=reply.thread_id, user_id=user, read_seq=reply.seq - 1)
                for user in reply.mentions["users"]
            ],
            ignore_conflicts=True,
        )


def change_of_root(found: dict[str, Any]) -> Change:
    """The change of a root. `found`: its row and its author's names, as move_roots returns them."""
    columns: list[Field[Any, Any]] = [field for field in Message._meta.concrete_fields if field.attname in found]
    row = Message(**{field.attname: field.to_python(found[field.attname]) for field in columns})
    row.sender = User(pk=row.sender_id, username=found["username"], display_name=found["display_name"])
    return shapes.change_of(row)
