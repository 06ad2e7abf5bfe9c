"""A visitor's identity, signed by the company's server: a JSON Web Token (HS256) for one inbox, at most ten minutes old."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from chat import clock
from chat.naming import clean_name
from chat.support.models import Inbox
from delivery.blocked_imports import blocked
from delivery.wire.errors import Invalid, NotVerified

# These algorithms need public keys, which no inbox has.
with blocked("cryptography"):
    import jwt

#: The longest time from `iat` to `exp`, and from `iat` until now.
MOST_SECONDS = 600
#: How far the company's clock may be ahead or behind.
LEEWAY_SECONDS = 30
#: The most `attributes`, and the most characters of each name and value.
ATTRIBUTES, ATTRIBUTE_CHARACTERS = 20, 200
#: Characters of Contact.identity.
SUB_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Identity:
    sub: str
    name: str = ""
    email: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def verified(inbox: Inbox, token: str) -> Identity:
    """The identity in the token, if one of the inbox's two secrets signed it. Raises NotVerified."""
    for secret in filter(None, (inbox.secret, inbox.previous_secret)):
        try:
            claims = jwt.decode(token, secret, algorithms=["HS256"], audience=inbox.key, options=_OPTIONS)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            continue
        return _identity(claims)
    raise NotVerified


#: The library does not check the times: they are compared with the product's clock.
_OPTIONS: Any = {"require": ["sub", "iat", "exp", "aud"], "verify_exp": False, "verify_iat": False}


def _identity(claims: dict[str, Any]) -> Identity:
    _require_fresh(claims["iat"], claims["exp"])
    sub = claims["sub"]
    if not sub.strip() or len(sub) > SUB_CHARACTERS or not _is_storable(sub):
        raise NotVerified
    return Identity(
        sub=sub, name=_name(claims), email=_email(claims), attributes=_attributes(claims.get("attributes", {}))
    )


def _require_fresh(issued: Any, expires: Any) -> None:
    if not all(isinstance(at, int | float) and not isinstance(at, bool) for at in (issued, expires)):
        raise NotVerified
    now = clock.now().astimezone(datetime.UTC).timestamp()
    is_of_now = now - MOST_SECONDS <= issued <= now + LEEWAY_SECONDS
    if not (is_of_now and expires > now and expires - issued <= MOST_SECONDS):
        raise NotVerified(
            "The company's signature of your identity is too old, or valid for too long: its page must send a new one."
        )


def _name(claims: dict[str, Any]) -> str:
    name = claims.get("name", "")
    try:
        return clean_name(name[:80], what="A name", most=80) if isinstance(name, str) else ""
    except Invalid:
        return ""


def _email(claims: dict[str, Any]) -> str:
    email = claims.get("email", "")
    try:
        validate_email(email)
    except (ValidationError, TypeError):
        return ""
    return email if _is_storable(email) else ""


def _attributes(said: Any) -> dict[str, str]:
    if not isinstance(said, dict):
        return {}
    known = [(name, str(value)) for name, value in said.items() if isinstance(value, str | int | float | bool)]
    kept = [(name, value) for name, value in known if _is_storable(name + value)]
    return {name[:ATTRIBUTE_CHARACTERS]: value[:ATTRIBUTE_CHARACTERS] for name, value in kept[:ATTRIBUTES]}


def _is_storable(text: str) -> bool:
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False
