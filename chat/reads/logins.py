"""The user of a socket or a request, from a session's cookie or a program's token; and whether the login is still valid."""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import DEFAULT_DB_ALIAS
from django.utils.crypto import constant_time_compare

from chat import clock, prepared_sql
from chat.models import VISIT, Token, User
from chat.models.token import digest_of
from chat.rights.scopes import EVERYTHING
from chat.services import note_use
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

# As Ban.objects.standing() and Token.objects.standing() say; asked twice a second while people come in.
_BANNED = "SELECT user_id FROM bans WHERE user_id = ANY(%s) AND lifted_at IS NULL"
_PASSWORDS = "SELECT id, password FROM users WHERE id = ANY(%s) AND is_active"
_TOKENS = "SELECT digest, last_used_at FROM tokens WHERE digest = ANY(%s) AND (expires_at IS NULL OR expires_at > %s)"
_SESSIONS = "SELECT session_key, session_data FROM django_session WHERE session_key = ANY(%s) AND expire_date > %s"


@dataclass(frozen=True, slots=True)
class ChatLogin(Login):
    """A login with what it may be used for, at most."""

    scopes: frozenset[str] = EVERYTHING
    #: What the person had chosen to show when it was read.
    choice: Choice = UNCHOSEN


def is_visit(login: Login) -> bool:
    """Whether the login is a visitor's, who hears messages to them, but nothing of the people inside."""
    return isinstance(login, ChatLogin) and VISIT in login.scopes


def token_of(secret: str) -> Token | None:
    """The token with this secret, if it is valid and its owner's account is active; notes its use."""
    for row in prepared_sql.rows(_TOKEN, [digest_of(secret), clock.now()]):
        token = Token.from_db(DEFAULT_DB_ALIAS, _TOKEN_COLUMNS, row[: len(_TOKEN_COLUMNS)])
        token.user = User.from_db(DEFAULT_DB_ALIAS, _USER_COLUMNS, row[len(_TOKEN_COLUMNS) :])
        _note_uses([(token.digest, token.last_used_at)])
        return token
    return None


def _note_uses(tokens: Iterable[Sequence[Any]]) -> None:
    # Each with its digest and when it was used last.
    stale = clock.now() - datetime.timedelta(seconds=LAST_USE_SECONDS)
    unnoted = [digest for digest, last_used_at in tokens if last_used_at is None or last_used_at < stale]
    if unnoted:
        note_use(unnoted)


def endings(logins: Sequence[Login]) -> list[CloseCode | None]:
    """For each login, why its session or token, its password or its account no longer stand: one round trip for all.

    A token with which somebody is connected is in use.
    """
    read = _read(logins)
    return [CloseCode.BANNED if login.user.id in read.banned else _ending(login, read) for login in logins]


@dataclass(frozen=True, slots=True)
class _Read:
    banned: Collection[int]
    #: Of those who may sign in: what their password is kept as.
    passwords: Mapping[int, str]
    tokens: Collection[str]
    sessions: Mapping[str, dict[str, Any]]


def _read(logins: Sequence[Login]) -> _Read:
    user_ids = list({login.user.id for login in logins})
    proofs: dict[str, set[str]] = {SESSION: set(), TOKEN: set()}
    for login in logins:
        proofs[login.proof[0]].add(login.proof[1])
    banned, people, tokens, sessions = prepared_sql.pipeline(
        (_BANNED, [user_ids]),
        (_PASSWORDS, [user_ids]),
        (_TOKENS, [list(proofs[TOKEN]), clock.now()]),
        (_SESSIONS, [list(proofs[SESSION]), clock.now()]),
    )
    _note_uses(tokens)
    decode = SessionStore().decode
    return _Read(
        banned={user_id for (user_id,) in banned},
        passwords=dict(people),
        tokens={digest for digest, _ in tokens},
        sessions={session_key: decode(kept) for session_key, kept in sessions},
    )


def _ending(login: Login, read: _Read) -> CloseCode | None:
    user_id, (kind, proof) = login.user.id, login.proof
    if user_id not in read.passwords:
        return CloseCode.SIGNED_OUT
    if kind == TOKEN:
        return None if proof in read.tokens else CloseCode.SIGNED_OUT
    session = read.sessions.get(proof, {})
    is_theirs = str(session.get(SESSION_KEY)) == str(user_id)
    stands = is_theirs and is_hash_of(User(password=read.passwords[user_id]), session.get(HASH_SESSION_KEY, ""))
    return None if stands else CloseCode.SIGNED_OUT


def is_hash_of(user: User, kept: str) -> bool:
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(kept, current) for current in hashes)
