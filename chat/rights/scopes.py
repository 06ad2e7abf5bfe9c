"""The scopes of a login: all of them for a session, the token's for a program.

The doors check them, socket and HTTP alike; the verbs check the account's rights besides.
"""

from collections.abc import Collection

from chat.models import VISIT, Message, Scope
from chat.rights.standing import require_membership
from delivery.wire.errors import OutOfScope

EVERYTHING = frozenset(Scope.values)


def require_scope(scopes: Collection[str], needed: str, *, visitors_too: bool = False) -> None:
    """Raises OutOfScope without the scope. `visitors_too`: visitors' tokens may do this too, in their conversations."""
    if needed not in scopes and not (visitors_too and VISIT in scopes):
        raise OutOfScope(needed)


def require_scope_to_delete(scopes: Collection[str], user: int, *, channel: int, message: int) -> None:
    """Checks the scope of a deletion: an own message needs `write`, another person's `moderate`.

    Raises OutOfScope; a user who is not in the channel gets the same refusal as from other verbs.
    """
    require_scope(scopes, Scope.WRITE, visitors_too=True)
    if Scope.MODERATE in scopes or Message.objects.filter(pk=message, sender_id=user).exists():
        return
    require_membership(user, channel=channel)
    if Message.objects.filter(pk=message, channel_id=channel).exists():
        raise OutOfScope(Scope.MODERATE)
