"""What a login may be used for, at most: everything for a person who signed in, a token's scopes for a program.

Held at the doors, alike for socket and HTTP; what the account may do is asked by the verbs besides.
"""

from collections.abc import Collection

from chat.models import Message, Scope
from delivery.errors import OutOfScope

EVERYTHING = frozenset(Scope.values)


def require_scope(scopes: Collection[str], needed: str) -> None:
    """Raises OutOfScope."""
    if needed not in scopes:
        raise OutOfScope(needed)


def require_scope_to_delete(scopes: Collection[str], user: int, *, message: int) -> None:
    """Deleting one's own message is writing, deleting somebody else's is moderating. Raises OutOfScope."""
    require_scope(scopes, Scope.WRITE)
    if Scope.MODERATE not in scopes and Message.objects.filter(pk=message).exclude(sender_id=user).exists():
        raise OutOfScope(Scope.MODERATE)
