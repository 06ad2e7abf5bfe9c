"""What a login may be used for, at most: everything for a person who signed in, a token's scopes for a program.

Held at the doors, alike for socket and HTTP; what the account may do is asked by the verbs besides.
"""

from collections.abc import Collection

from chat.models import Message, Scope
from chat.rights.standing import require_membership
from delivery.wire.errors import OutOfScope

EVERYTHING = frozenset(Scope.values)


def require_scope(scopes: Collection[str], needed: str) -> None:
    """Raises OutOfScope."""
    if needed not in scopes:
        raise OutOfScope(needed)


def require_scope_to_delete(scopes: Collection[str], user: int, *, channel: int, message: int) -> None:
    """Deleting one's own message is writing, deleting somebody else's is moderating.

    Raises OutOfScope; for who is not in the channel what every other verb says there, whatever there is.
    """
    require_scope(scopes, Scope.WRITE)
    if Scope.MODERATE in scopes or Message.objects.filter(pk=message, sender_id=user).exists():
        return
    require_membership(user, channel=channel)
    if Message.objects.filter(pk=message, channel_id=channel).exists():
        raise OutOfScope(Scope.MODERATE)
