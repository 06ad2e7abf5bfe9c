"""Reads the user of a new socket and everything for `hello` in one round trip: a crowd that reconnects needs little else.

A session needs two round trips, because its user is in the signed session. Callers get the statements and ask them.
"""

import datetime
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY

from chat import clock, shapes
from chat.models import VISIT, Scope, User
from chat.models.token import digest_of
from chat.reads.blocks import NOT_APART, Apart
from chat.reads.logins import SESSION, TOKEN, ChatLogin, is_hash_of
from chat.reads.unread import SAYS_SOMETHING, mentioned_of, unread_of
from chat.rights.scopes import EVERYTHING
from chat.rights.standing import moderates_everywhere
from chat.services.epochs import log_position_in, log_position_statement
from chat.shapes.columns import ChannelColumns, MemberColumns
from delivery.source import Access, Opening, Reading
from delivery.wire.frames import Person
from presence.people import Choice

_IS_HEARD = "mention.sender_id <> ALL (reader.unheard)"

#: The others in a direct channel.
_OTHERS = """(
    SELECT json_agg(json_build_array(person.id, person.username, person.display_name) ORDER BY person.id)
    FROM channel_members AS other JOIN users AS person ON person.id = other.user_id
    WHERE other.channel_id = asked.channel_id AND other.user_id <> asked.user_id
)"""

# As Member.objects.in_lists().with_mutes() reads them. First the columns of ChannelColumns, then those of MemberColumns.
# `user` is an expression with one parameter.
_CHANNELS = f"""
-- Asked once, and not for each message that is counted: the reader, and whom they have blocked.
WITH reader AS MATERIALIZED (
    SELECT person.id AS user_id, ARRAY(SELECT blocked_id FROM blocks WHERE blocker_id = person.id) || person.id AS unheard
    FROM (SELECT {{user}}::bigint AS id) AS person
)
SELECT asked.*, CASE WHEN asked.head > asked.read AND asked.{SAYS_SOMETHING} THEN {unread_of("reader.unheard")} ELSE 0 END,
    CASE WHEN asked.head > asked.read THEN {mentioned_of(_IS_HEARD)} ELSE 0 END,
    CASE WHEN asked.kind = 'direct' THEN {_OTHERS} END
FROM (
    SELECT channel.id AS channel_id, channel.name, channel.topic, channel.kind, channel.parent_id, channel.is_support,
        channel.direct_key, channel.member_count, channel.head, channel.created_by_id, channel.created_at,
        channel.archived_at, channel.keeps_days, channel.floor,
        member.user_id, member.role, member.delivered_seq, member.read_seq AS read, member.notify_level,
        member.is_favourite, member.section, mute.until, member.joined_rev, member.version
    FROM channel_members AS member JOIN channels AS channel ON channel.id = member.channel_id
    LEFT JOIN channel_sanctions AS mute ON mute.channel_id = member.channel_id AND mute.user_id = member.user_id
        AND mute.kind = 'mute' AND mute.until > %s
    WHERE member.user_id = (SELECT user_id FROM reader) AND COALESCE(member.listed_until, 'infinity') > %s
        AND (channel.archived_at IS NULL OR channel.archived_at > %s)
) AS asked CROSS JOIN reader ORDER BY channel_id
"""  # noqa: S608 (nothing of anybody is in it)
_OF_CHANNEL = len(ChannelColumns.__struct_fields__)

#: So many channels are described at once. More are a thread's work: they would keep everybody else waiting for milliseconds.
BRIEFLY = 100

#: What a login is made of, beside its proof: the columns of Person, then those of Choice.
_PERSON = """person.id, person.username, person.display_name,
    person.chosen_status, person.activity, person.presence_rev, person.shows_typing"""
_OF_PERSON = _PERSON.count(",") + 1

# The plans that are made once do for everybody: PostgreSQL would plan anew for each. That holds to the end of the transaction.
_LOGIN = f"""
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), {{proof}}, person.is_staff,
    ARRAY(SELECT blocked_id FROM blocks WHERE blocker_id = person.id),
    ARRAY(SELECT blocker_id FROM blocks WHERE blocked_id = person.id),
    {_PERSON}, stands.*
FROM ({{log_position}}) AS stands CROSS JOIN users AS person {{rows}} AND person.is_active
"""  # noqa: S608 (nothing of anybody is in it)
# As Token.objects.standing() says.
_BY_TOKEN = (
    "token.scopes",
    "JOIN tokens AS token ON person.id = token.user_id"
    " WHERE token.digest = %s AND (token.expires_at IS NULL OR token.expires_at > %s)",
)
_BY_USER = ("person.password", "WHERE person.id = %s")
_SESSION = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


@dataclass(frozen=True, slots=True)
class ChatOpening(Opening):
    login: ChatLogin
    apart: Apart


@dataclass(frozen=True, slots=True)
class Found:
    """The data of a user who may connect."""

    person: Sequence[Any]
    is_staff: bool
    proof: tuple[str, str]
    scopes: frozenset[str]
    apart: Apart
    log_position: Sequence[Any]
    channels: Sequence[Sequence[Any]]

    @property
    def is_brief(self) -> bool:
        """Whether all of it can be said in a moment, asking nobody."""
        return not self.is_staff and len(self.channels) <= BRIEFLY

    def opening(self) -> ChatOpening:
        user_id, username, display_name, *choice = self.person
        # Only the staff may moderate everywhere: whether they do is asked only of them.
        moderates = self.is_staff and moderates_everywhere(User.objects.get(pk=user_id))
        return ChatOpening(
            login=ChatLogin(
                user=Person(id=user_id, username=username, display_name=display_name or username),
                proof=self.proof,
                scopes=self.scopes,
                choice=Choice(*choice),
            ),
            log_position=log_position_in(tuple(self.log_position)),
            accesses=[_access(row, moderates=moderates) for row in self.channels],
            apart=self.apart,
        )


def by_token(secret: str) -> Reading[Found | None]:
    """The user of a bearer token; None also for a token that may not read, because a socket is for reading.

    That it was used is noted soon after, with those of others: see `endings`.
    """
    digest = digest_of(secret)
    user = _Asked("(SELECT user_id FROM tokens WHERE digest = %s)", digest)
    read = yield from _read(_BY_TOKEN, [digest, clock.now().isoformat()], user=user)
    if read is None or {Scope.READ, VISIT}.isdisjoint(read.proof):
        return None
    return read.found((TOKEN, digest), _scopes(*read.proof))


@functools.lru_cache(64)
def _scopes(*names: str) -> frozenset[str]:
    # The same few for all, kept once.
    return frozenset(names)


def by_visit(secret: str) -> Reading[Found | None]:
    """The same for a visitor's token only."""
    found = yield from by_token(secret)
    return found if found is not None and VISIT in found.scopes else None


def by_session(session_key: str) -> Reading[Found | None]:
    """The user of a session's cookie, as Django's own middleware would find them; fallback keys are accepted."""
    engine: Any = import_module(settings.SESSION_ENGINE)
    store = engine.SessionStore(session_key)
    if store.session_key is None:
        # It can be no session's key.
        return None
    [kept] = yield [(_SESSION, [session_key, clock.now().isoformat()])]
    session = store.decode(kept[0][0]) if kept else {}
    if SESSION_KEY not in session:
        return None
    user_id = str(int(session[SESSION_KEY]))
    read = yield from _read(_BY_USER, [user_id], user=_Asked("%s", user_id))
    if read is None or not is_hash_of(User(password=read.proof), session.get(HASH_SESSION_KEY, "")):
        return None
    return read.found((SESSION, session_key), EVERYTHING)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A user as an expression in SQL, with its one parameter."""

    sql: str
    parameter: str


@dataclass(frozen=True, slots=True)
class _Read:
    """All rows of one round trip. `login`: of _LOGIN."""

    login: Sequence[Any]
    channels: Sequence[Sequence[Any]]

    @property
    def proof(self) -> Any:
        return self.login[1]

    def found(self, proof: tuple[str, str], scopes: frozenset[str]) -> Found:
        _, _, is_staff, blocked, blocked_by, *columns = self.login
        apart = Apart(frozenset(blocked), frozenset(blocked_by)) if blocked or blocked_by else NOT_APART
        return Found(columns[:_OF_PERSON], is_staff, proof, scopes, apart, columns[_OF_PERSON:], self.channels)


def _read(login: tuple[str, str], parameters: Sequence[str], *, user: _Asked) -> Reading[_Read | None]:
    position = yield from log_position_statement()
    moment = clock.now()
    now, since = moment.isoformat(), (moment - datetime.timedelta(days=settings.LIMITS.archived_days)).isoformat()
    # The epoch first: heads of another one would be taken for those of this one.
    found, channels = yield [
        (_login_statement(*login, position), parameters),
        (_channels_statement(user.sql), [user.parameter, now, now, since]),
    ]
    return _Read(found[0], channels) if found else None


@functools.cache
def _login_statement(proof: str, rows: str, log_position: str) -> str:
    return _LOGIN.format(proof=proof, rows=rows, log_position=log_position)


@functools.cache
def _channels_statement(user: str) -> str:
    return _CHANNELS.format(user=user)


def _access(row: Sequence[Any], *, moderates: bool) -> Access:
    *columns, joined_rev, version, unread, mentioned, others = row
    channel = ChannelColumns(*columns[:_OF_CHANNEL])
    member = MemberColumns(channel, *columns[_OF_CHANNEL:])
    people = [User(pk=pk, username=username, display_name=display_name) for pk, username, display_name in others or ()]
    return Access(
        channel_id=channel.pk,
        head=channel.head,
        since=joined_rev,
        version=version,
        description=shapes.channel_to_member(
            member, unread=unread, mentioned=mentioned, people=people, moderates=moderates
        ),
    )
