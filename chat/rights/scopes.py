"""What a login may be used for, at most: everything for a person who signed in, a token's scopes for a program.

Held at the doors, alike for socket and HTTP; what the account may do is asked by the verbs besides.
"""

from collections.abc import Collection

from chat.models import VISIT, Message, Scope
from chat.rights.standing import require_membership
from delivery.wire.errors import OutOfScope

EVERYTHING = frozenset(Scope.values)


def require_scope(scopes: Collection[str], needed: str, *, visitors_too: bool = False) -> None:
    """`visitors_too`: what a visitor does in a conversation with the support is that as well. Raises OutOfScope."""
    if needed not in scopes and not (visitors_too and VISIT in scopes):
        raise OutOfScope(needed)


def require_scope_to_delete(scopes: Collection[str], user: int, *, channel: int, message: int) -> None:
    """Deleting one's own message is writing, deleting somebody else's is moderating.

    Raises OutOfScope; for who is not in the channel what every other verb says there, whatever there is.
    """
    require_scope(scopes, Scope.WRITE, visitors_too=True)
    if Scope.MODERATE in scopes or Message.objects.filter(pk=message, sender_id=user).exists():
        return
    require_membership(user, channel=channel)
    if Message.objects.filter(pk=message, channel_id=channel).exists():
        raise OutOfScope(Scope.MODERATE)
