"""Which scope a request needs: `read` to read, `write` to write, unless a view says otherwise in `scopes`.

Visitors use the methods that a view names in `for_visitors`, and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from chat.models import Scope, Token
from chat.rights.scopes import EVERYTHING, require_scope


def scope_needed(view: Any, method: str) -> str:
    """`view`: a view or its class. Its `scopes` has the methods that need another scope than their kind."""
    named: Mapping[str, str] = getattr(view, "scopes", {})
    return named.get(method, Scope.READ if method in SAFE_METHODS else Scope.WRITE)


def scopes_of(request: Request) -> frozenset[str]:
    """All of them for somebody who signed in with a session."""
    return frozenset(request.auth.scopes) if isinstance(request.auth, Token) else EVERYTHING


class HasScope(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises OutOfScope."""
        method = request.method or ""
        visitors_too = method in getattr(view, "for_visitors", ())
        require_scope(scopes_of(request), scope_needed(view, method), visitors_too=visitors_too)
        return True
