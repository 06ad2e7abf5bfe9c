"""Who is at the other end of a socket or a request: a session's cookie or a program's token, and whether it still holds."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from chat import clock
from chat.models import VISIT, Ban, Scope, Token, User
from chat.models.token import digest_of
from chat.rights.scopes import EVERYTHING
from chat.services import hot, note_use
from chat.services.tokens import LAST_USE_SECONDS
from delivery.source import Login
from delivery.wire.frames import Person
from delivery.wire.types import CloseCode
from presence.people import UNCHOSEN, Choice

SESSION = "session"
TOKEN = "token"  # noqa: S105 (the word, not a secret)


@dataclass(frozen=True, slots=True)
class ChatLogin(Login):
    """A login with what it may be used for, at most."""

    scopes: frozenset[str] = EVERYTHING
    #: What the person had chosen to show when it was read.
    choice: Choice = UNCHOSEN


def is_visit(login: Login) -> bool:
    """Somebody from outside: hears what is said to them, and nothing of the people inside."""
    return isinstance(login, ChatLogin) and VISIT in login.scopes


#: What a login is made of, beside its proof: the columns of Person, then those of Choice.
_PERSON = """person.id, person.username, person.display_name,
    person.chosen_status, person.activity, person.presence_rev, person.shows_typing"""

# As Token.objects.standing() says.
_BY_TOKEN = f"""
SELECT token.scopes, {_PERSON} FROM tokens AS token JOIN users AS person ON person.id = token.user_id
WHERE token.digest = %s AND (token.expires_at IS NULL OR token.expires_at > %s) AND person.is_active
"""  # noqa: S608 (nothing of anybody is in it)
_SESSION = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"
_BY_SESSION = f"SELECT person.password, {_PERSON} FROM users AS person WHERE person.id = %s AND person.is_active"  # noqa: S608


def by_session(session_key: str) -> ChatLogin | None:
    """The login behind a session cookie, as Django's own middleware would see it; fallback keys are honoured."""
    engine: Any = import_module(settings.SESSION_ENGINE)
    store = engine.SessionStore(session_key)
    # None where the store found that it can be no session's key.
    kept = hot.rows(_SESSION, [session_key, timezone.now()]) if store.session_key is not None else []
    session = store.decode(kept[0][0]) if kept else {}
    found = hot.rows(_BY_SESSION, [int(session[SESSION_KEY])]) if SESSION_KEY in session else []
    for password, *person in found:
        if is_hash_of(User(password=password), session.get(HASH_SESSION_KEY, "")):
            return _login((SESSION, session_key), person)
    return None


def by_token(secret: str) -> ChatLogin | None:
    """The login behind a bearer token; None too for a token that may not read, since a socket is for reading.

    That it was used is noted soon after, with those of others: see `endings`.
    """
    digest = digest_of(secret)
    for scopes, *person in hot.rows(_BY_TOKEN, [digest, clock.now()]):
        if not {Scope.READ, VISIT}.isdisjoint(scopes):
            return _login((TOKEN, digest), person, scopes=frozenset(scopes))
    return None


def _login(proof: tuple[str, str], person: Sequence[Any], *, scopes: frozenset[str] = EVERYTHING) -> ChatLogin:
    pk, username, display_name, *choice = person
    return ChatLogin(
        user=Person(id=pk, username=username, display_name=display_name or username),
        proof=proof,
        scopes=scopes,
        choice=Choice(*choice),
    )


def by_visit(secret: str) -> ChatLogin | None:
    """The same of a visitor's token only."""
    login = by_token(secret)
    return login if login is not None and is_visit(login) else None


def token_of(secret: str) -> Token | None:
    """The token with this secret, if it stands and its owner's account too; notes that it was used."""
    token = Token.objects.standing().select_related("user").filter(digest=digest_of(secret)).first()
    if token is None or not token.user.is_active:
        return None
    _note_uses([token])
    return token


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
