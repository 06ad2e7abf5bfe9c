"""Records that name an erased person but are kept for other reasons: the audit log, and sessions, which hold ids."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Q

from chat.models import Act, AuditEntry, Erasure
from chat.services.erasing.names import NOBODY, conversations_of, without_names

#: Rows that one step reads.
AT_ONCE = 2000
#: The details of an act that may contain the name.
_NAMES: dict[str, tuple[str, ...]] = {
    Act.USER_RENAMED: ("from", "to"),
    Act.CHANNEL_RENAMED: ("from", "to"),
    Act.AGENT_CHANGED: ("public_name",),
}
#: Characters that `reason` holds.
_REASON_CHARACTERS = 500


def end_sessions(erasure: Erasure) -> int:
    """Deletes the person's sessions with their data; they sign nobody in any more since the beginning."""
    keys = Session.objects.order_by("session_key").values_list("session_key", flat=True)
    after, ended = "", 0
    while some := list(keys.filter(session_key__gt=after)[:AT_ONCE]):
        found = [
            session.session_key
            for session in Session.objects.filter(session_key__in=some)
            if str(session.get_decoded().get(SESSION_KEY)) == str(erasure.user_id)
        ]
        ended += Session.objects.filter(session_key__in=found).delete()[0]
        after = some[-1]
    return ended


def spell_audit_log(erasure: Erasure) -> int:
    """Keeps the lines of the audit log, but removes the person's names from texts and the addresses of their acts.

    The database allows changes of these three columns while an erasure is under way, and of nothing else ever.
    """
    about = Q(actor=erasure.user_id) | Q(whom=erasure.user_id) | Q(reason__says=erasure.names[0])
    about |= Q(act=Act.CHANNEL_RENAMED, channel__in=conversations_of(erasure.user_id))
    rows = list(AuditEntry.objects.filter(about, pk__gt=erasure.position).order_by("pk")[:AT_ONCE])
    erasure.position = rows[-1].pk if len(rows) == AT_ONCE else 0
    return sum(_spell(row, erasure) for row in rows)


def _spell(row: AuditEntry, erasure: Erasure) -> bool:
    said = (
        without_names(row.reason, erasure.names)[:_REASON_CHARACTERS],
        {
            key: _named(value, row, erasure) if key in _NAMES.get(row.act, ()) else value
            for key, value in row.details.items()
        },
        None if row.actor_id == erasure.user_id else row.address,
    )
    is_other = said != (row.reason, row.details, row.address)
    if is_other:
        reason, details, address = said
        AuditEntry.objects.filter(pk=row.pk).update(reason=reason, details=details, address=address)
    return is_other


def _named(name: str, row: AuditEntry, erasure: Erasure) -> str:
    return without_names(name, erasure.names) if row.act == Act.CHANNEL_RENAMED else NOBODY
