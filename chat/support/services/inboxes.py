"""Inboxes and their agents: an agent is a member of the desk's log, from the same transaction on."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from chat.models import Channel, ChannelKind, Role, User
from chat.naming import clean_name
from chat.services import log
from chat.services.constraints import violates
from chat.services.members import admit
from chat.services.visitors import require_inside
from chat.support.models import Agent, Inbox
from delivery.wire.errors import Conflict, Forbidden, Invalid, NotFound

#: Of the name of an inbox, which is the name of its desk's channel too.
NAME_CHARACTERS = 80


def create_inbox(
    actor: User, *, name: str, origins: Sequence[str] = (), agents: Sequence[User] = (), **settings: Any
) -> Inbox:
    """A new inbox with its desk; who makes it supervises it. Other fields of the inbox by name.

    Raises Forbidden for who supervises none and is no superuser, Invalid, or Conflict for a name that is taken.
    """
    _require_may_open(actor)
    name = _clean_name(name)
    origins = clean_origins(origins)
    people = {user.pk: user for user in agents}
    with _free_name(name), transaction.atomic():
        desk = Channel.objects.create(name=name, kind=ChannelKind.DESK, created_by=actor)
        inbox = Inbox.objects.create(name=name, origins=origins, desk=desk, **settings)
        entry = log.lock([desk.pk])[desk.pk]
        # Who only made it isn't given conversations by itself.
        _seat_agent(entry, inbox, actor, supervises=True, accepting=actor.pk in people)
        for user in people.values():
            if user.pk != actor.pk:
                _seat_agent(entry, inbox, user, supervises=False, accepting=True)
        log.commit_entries([entry])
    return inbox


def add_agent(actor: User, *, inbox: Inbox, user: User, supervises: bool = False, capacity: int | None = None) -> Agent:
    """From here on the user sees the queue. Repeating does nothing. Raises Forbidden, ChannelFull."""
    require_supervisor(actor, inbox)
    with log.writing(inbox.desk_id) as entry:
        agent = Agent.objects.filter(inbox=inbox, user=user).first()
        return agent or _seat_agent(entry, inbox, user, supervises=supervises, accepting=True, capacity=capacity)


def is_supervisor(user: User, inbox: Inbox) -> bool:
    """Superusers supervise every inbox."""
    return user.is_superuser or Agent.objects.filter(inbox=inbox, user=user, supervises=True).exists()


def require_supervisor(user: User, inbox: Inbox) -> None:
    """Raises NotFound for who is no agent of it, Forbidden for the other agents."""
    if user.is_active and is_supervisor(user, inbox):
        return
    if not Agent.objects.filter(inbox=inbox, user=user).exists():
        raise NotFound("You have no such inbox.")
    raise Forbidden("Only who supervises the inbox may do this.")


def clean_origins(origins: Sequence[str]) -> list[str]:
    """Each as a browser spells it, once. Raises Invalid."""
    return list(dict.fromkeys(_clean_origin(origin.strip()) for origin in origins))


def _clean_origin(origin: str) -> str:
    with contextlib.suppress(ValueError):
        parts = urlsplit(origin)
        host = (parts.hostname or "").encode("idna").decode()
        default = {"http": 80, "https": 443}.get(parts.scheme)
        port = "" if parts.port in (None, default) else f":{parts.port}"
        if default and host and origin.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc:
            return f"{parts.scheme}://[{host}]{port}" if ":" in host else f"{parts.scheme}://{host}{port}"
    raise Invalid(f"{origin[:100]!r} is no origin: write scheme, host and port, such as https://www.example.com.")


def _seat_agent(
    entry: log.Entry, inbox: Inbox, user: User, *, supervises: bool, accepting: bool, capacity: int | None = None
) -> Agent:
    require_inside(user)
    admit(entry, user, actor=user, role=Role.MEMBER)
    return Agent.objects.create(inbox=inbox, user=user, supervises=supervises, accepting=accepting, capacity=capacity)


def _require_may_open(actor: User) -> None:
    if not actor.is_active or not (actor.is_superuser or Agent.objects.filter(user=actor, supervises=True).exists()):
        raise Forbidden("Only who supervises an inbox, or a superuser, makes another.")


def _clean_name(name: str) -> str:
    name = clean_name(name, what="An inbox's name", most=NAME_CHARACTERS)
    if not name:
        raise Invalid("An inbox needs a name.")
    return name


@contextlib.contextmanager
def _free_name(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if violates(error, "support_inboxes_name_key"):
            raise Conflict(f"An inbox is called {name}: take another name.") from None
        raise
