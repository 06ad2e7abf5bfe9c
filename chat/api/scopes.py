"""The scope that a request needs: `read` to read, `write` to write, unless a view names another one in `scopes`.

Visitors may use only the methods that a view names in `for_visitors`.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from chat.models import Scope, Token
from chat.rights.scopes import EVERYTHING, require_scope


def scope_needed(view: Any, method: str) -> str:
    """`view`: a view or its class. Its `scopes` lists methods that need another scope than `read` or `write`."""
    named: Mapping[str, str] = getattr(view, "scopes", {})
    return named.get(method, Scope.READ if method in SAFE_METHODS else Scope.WRITE)


def scopes_of(request: Request) -> frozenset[str]:
    """The scopes of the request's token; a user with a session has all scopes."""
    return frozenset(request.auth.scopes) if isinstance(request.auth, Token) else EVERYTHING


class HasScope(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises OutOfScope."""
        method = request.method or ""
        visitors_too = method in getattr(view, "for_visitors", ())
        require_scope(scopes_of(request), scope_needed(view, method), visitors_too=visitors_too)
        return True
