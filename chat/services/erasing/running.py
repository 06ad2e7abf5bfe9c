"""The rest of an erasure, batch by batch: each is one transaction that also stores the progress."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from django.db import transaction

from chat import clock
from chat.models import Erasure
from chat.services.erasing import places, records, words

#: The steps in order; each does a part and returns how much it did, 0 when it is finished.
STEPS: Mapping[str, Callable[[Erasure], int]] = MappingProxyType(
    {
        "channels": places.leave_channels,
        "cursors": places.forget_cursors,
        "conversations": places.rename_conversations,
        "messages": words.delete_messages,
        "versions": words.forget_versions,
        "reactions": words.take_reactions_back,
        "mentions": words.forget_mentions_of,
        "uploads": words.give_up_uploads,
        "public_names": words.forget_public_name,
        "system_lines": words.spell_system_lines,
        "sessions": records.end_sessions,
        "audit_lines": records.spell_audit_log,
    }
)


def continue_erasure(user: int) -> bool:
    """Does the next part of an erasure, and returns whether more is left. Several processes may run it, and it may be killed.

    A step is finished when it has looked at everything and finds nothing to do.
    """
    with transaction.atomic():
        erasure = Erasure.objects.select_for_update(of=("self",)).select_related("user").filter(pk=user).first()
        if erasure is None or erasure.ended_at is not None:
            return False
        name, step = list(STEPS.items())[erasure.step]
        done = step(erasure)
        if done:
            erasure.counts[name] = erasure.counts.get(name, 0) + done
        elif not erasure.position:
            erasure.step += 1
        if erasure.step == len(STEPS):
            erasure.ended_at, erasure.names = clock.now(), []
        erasure.save()
    return erasure.ended_at is None
