"""Who is at the other end of a socket or a request: a session's cookie or a program's token, and whether it still holds."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from chat import clock
from chat.models import VISIT, Ban, Token, User
from chat.models.token import digest_of
from chat.rights.scopes import EVERYTHING
from chat.services import hot, note_use
from chat.services.tokens import LAST_USE_SECONDS
from delivery.source import Login
from delivery.wire.types import CloseCode
from presence.people import UNCHOSEN, Choice

SESSION = "session"
TOKEN = "token"  # noqa: S105 (the word, not a secret)


_TOKEN_COLUMNS, _USER_COLUMNS = ([each.attname for each in kind._meta.concrete_fields] for kind in (Token, User))
# In SQL, because every request of a program asks it, and the ORM takes longer to spell it than PostgreSQL to answer.
_TOKEN = f"""
SELECT {", ".join([f"token.{name}" for name in _TOKEN_COLUMNS] + [f"person.{name}" for name in _USER_COLUMNS])}
FROM tokens AS token JOIN users AS person ON person.id = token.user_id
WHERE token.digest = %s AND (token.expires_at IS NULL OR token.expires_at > %s) AND person.is_active
"""  # noqa: S608 (nothing of anybody is in it)


@dataclass(frozen=True, slots=True)
class ChatLogin(Login):
    """A login with what it may be used for, at most."""

    scopes: frozenset[str] = EVERYTHING
    #: What the person had chosen to show when it was read.
    choice: Choice = UNCHOSEN


def is_visit(login: Login) -> bool:
    """Somebody from outside: hears what is said to them, and nothing of the people inside."""
    return isinstance(login, ChatLogin) and VISIT in login.scopes


def token_of(secret: str) -> Token | None:
    """The token with this secret, if it stands and its owner's account too; notes that it was used."""
    for row in hot.rows(_TOKEN, [digest_of(secret), clock.now()]):
        token = Token.from_db(DEFAULT_DB_ALIAS, _TOKEN_COLUMNS, row[: len(_TOKEN_COLUMNS)])
        token.user = User.from_db(DEFAULT_DB_ALIAS, _USER_COLUMNS, row[len(_TOKEN_COLUMNS) :])
        _note_uses([token])
        return token
    return None


def _note_uses(tokens: Sequence[Token]) -> None:
    stale = clock.now() - datetime.timedelta(seconds=LAST_USE_SECONDS)
    unnoted = [token.digest for token in tokens if token.last_used_at is None or token.last_used_at < stale]
    if unnoted:
        note_use(unnoted)


def endings(logins: Sequence[Login]) -> list[CloseCode | None]:
    """For each login, why its session or token, its password or its account no longer stand: four queries for all.

    A token with which somebody is connected is in use.
    """
    users = User.objects.in_bulk({login.user.id for login in logins})
    banned = set(Ban.objects.standing().filter(user__in=users).values_list("user_id", flat=True))
    proofs: dict[str, set[str]] = {SESSION: set(), TOKEN: set()}
    for login in logins:
        proofs[login.proof[0]].add(login.proof[1])
    standing = list(Token.objects.standing().filter(digest__in=proofs[TOKEN]))
    _note_uses(standing)
    tokens = {token.digest for token in standing}
    sessions = {
        row.session_key: row.get_decoded()
        for row in Session.objects.filter(session_key__in=proofs[SESSION], expire_date__gt=timezone.now())
    }
    return [
        CloseCode.BANNED if login.user.id in banned else _ending(login, users.get(login.user.id), tokens, sessions)
        for login in logins
    ]


def _ending(login: Login, user: User | None, tokens: set[str], sessions: dict[str, dict[str, Any]]) -> CloseCode | None:
    if user is None or not user.is_active:
        return CloseCode.SIGNED_OUT
    return None if _stands(login, user, tokens, sessions) else CloseCode.SIGNED_OUT


def _stands(login: Login, user: User, tokens: set[str], sessions: dict[str, dict[str, Any]]) -> bool:
    kind, proof = login.proof
    if kind == TOKEN:
        return proof in tokens
    session = sessions.get(proof, {})
    return str(session.get(SESSION_KEY)) == str(user.pk) and is_hash_of(user, session.get(HASH_SESSION_KEY, ""))


def is_hash_of(user: User, kept: str) -> bool:
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(kept, current) for current in hashes)
