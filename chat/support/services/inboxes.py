"""Supervisors create and change inboxes."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet

from chat.allowances.counting import counted
from chat.allowances.table import DESK_ACTS
from chat.models import Act, Channel, ChannelKind, Conversation, ConversationState, User
from chat.naming import clean_name
from chat.origins import as_sent
from chat.services import audit, log
from chat.services.constraints import violates
from chat.support.models import Agent, Inbox
from chat.support.models.inbox import new_secret
from chat.support.services.dues import renew_dues_of_inbox
from chat.support.services.seats import seat_agent
from chat.support.services.standing import require_agent
from delivery.wire.errors import Conflict, Forbidden, Invalid, NotFound

#: Characters of an inbox's name, which is also the name of its desk's channel; and of an agent's public name.
NAME_CHARACTERS = 80


def create_inbox(
    actor: User, *, name: str, origins: Sequence[str] = (), agents: Sequence[User] = (), **settings: Any
) -> Inbox:
    """Creates an inbox with its desk; the actor supervises it. Other fields of the inbox by name.

    Raises Forbidden unless the actor supervises an inbox or is a superuser, Invalid, or Conflict for a name that is taken.
    """
    _require_may_open(actor)
    name, origins = _clean_name(name), clean_origins(origins)
    people = {user.pk: user for user in agents}
    with _free_name(name), transaction.atomic():
        desk = Channel.objects.create(name=name, kind=ChannelKind.DESK, created_by=actor)
        inbox = Inbox.objects.create(name=name, origins=origins, desk=desk, **settings)
        entry = log.lock([desk.pk])[desk.pk]
        record(Act.INBOX_CREATED, actor, inbox)
        # The creator does not get conversations until they choose to.
        seat_agent(entry, inbox, actor, supervises=True, accepting=actor.pk in people)
        for user in people.values():
            if user.pk != actor.pk:
                seat_agent(entry, inbox, user)
        log.commit_entries([entry])
    return inbox


def change_inbox(actor: User, *, inbox: int, **changes: Any) -> Inbox:
    """Changes fields by name; the others stay. Raises NotFound, Forbidden, Invalid, Conflict."""
    with _free_name(changes.get("name", "")), transaction.atomic():
        row = _locked(actor, inbox)
        changes = {name: _CLEAN.get(name, _as_it_is)(value) for name, value in changes.items()}
        changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
        for name, value in changed.items():
            setattr(row, name, value)
        if changed:
            row.save(update_fields=changed)
            record(Act.INBOX_CHANGED, actor, row, details={name: _spelled(value) for name, value in changed.items()})
        if "name" in changed:
            _rename_desk(actor, row)
        if "lease_seconds" in changed:
            # Applies to the next claim or work; a running lease keeps the end that was told.
            open_ones = Conversation.objects.filter(desk=row.desk_id).exclude(state=ConversationState.RESOLVED)
            open_ones.update(lease_seconds=row.lease_seconds)
        if "hours" in changed:
            transaction.on_commit(lambda: renew_dues_of_inbox(row))
    return row


def rotate_secret(actor: User, *, inbox: int) -> Inbox:
    """Creates a new secret; signatures of the one before stay valid until the next change. Raises NotFound, Forbidden."""
    with transaction.atomic():
        row = _locked(actor, inbox)
        row.secret, row.previous_secret = new_secret(), row.secret
        row.save(update_fields=["secret", "previous_secret"])
        record(Act.INBOX_SECRET, actor, row)
    return row


def inboxes_of(user: User) -> "QuerySet[Inbox]":
    """The inboxes in which the user is an agent; for a superuser all inboxes."""
    return Inbox.objects.all() if user.is_superuser else Inbox.objects.filter(agents__user=user)


def inbox_of(user: User, inbox: int) -> Inbox:
    """One of the user's inboxes. Raises NotFound."""
    row = inboxes_of(user).filter(pk=inbox).first()
    if row is None or not user.is_active:
        raise NotFound("You have no such inbox.")
    return row


def is_supervisor(user: User, inbox: Inbox) -> bool:
    """Whether the user supervises the inbox; superusers supervise every inbox."""
    return user.is_superuser or Agent.objects.filter(inbox=inbox, user=user, supervises=True).exists()


def require_supervisor(user: User, inbox: Inbox) -> None:
    """Raises NotFound for a user who is no agent of the inbox, Forbidden for agents who do not supervise it."""
    if not require_agent(user, inbox).supervises:
        raise Forbidden("Only the inbox's supervisors may do this.")


def clean_origins(origins: Sequence[str]) -> list[str]:
    """The origins, each once, in the form that browsers send. Raises Invalid."""
    return list(dict.fromkeys(_clean_origin(origin.strip()) for origin in origins))


def _clean_origin(origin: str) -> str:
    try:
        return as_sent(origin)
    except ValueError as error:
        raise Invalid(str(error)) from None


def _locked(actor: User, inbox: int) -> Inbox:
    row = Inbox.objects.select_for_update(no_key=True).filter(pk=inbox).first()
    if row is None:
        raise NotFound("You have no such inbox.")
    require_supervisor(actor, row)
    return row


def _rename_desk(actor: User, inbox: Inbox) -> None:
    with counted(DESK_ACTS, actor), log.writing(inbox.desk_id) as entry:
        Channel.objects.filter(pk=inbox.desk_id).update(name=inbox.name)
        event = {"type": "channel.renamed", "name": inbox.name}
        entry.note(actor, event, f"{actor.get_full_name()} renamed the inbox {inbox.name}")


def record(act: Act, actor: User, inbox: Inbox, *, whom: int | None = None, details: Any = None) -> None:
    """Writes a line about the inbox in the audit log, within the transaction of the act."""
    audit.record(act, actor=actor, channel=inbox.desk_id, whom=whom, details=details)


def _require_may_open(actor: User) -> None:
    if not actor.is_active or not (actor.is_superuser or Agent.objects.filter(user=actor, supervises=True).exists()):
        raise Forbidden("Only supervisors of an inbox and superusers can create an inbox.")


def _clean_name(name: str) -> str:
    name = clean_name(name, what="An inbox's name", most=NAME_CHARACTERS)
    if not name:
        raise Invalid("An inbox needs a name.")
    return name


def _clean_text(text: str) -> str:
    return text.strip()


def _clean_email(email: str) -> str:
    try:
        if email:
            validate_email(email)
    except ValidationError:
        raise Invalid("This is no valid sender address for mails.") from None
    return email


def _as_it_is(value: Any) -> Any:
    return value


def _spelled(value: Any) -> Any:
    return value.pk if isinstance(value, Model) else value


_CLEAN: dict[str, Callable[[Any], Any]] = {
    "name": _clean_name,
    "origins": clean_origins,
    "greeting": _clean_text,
    "closed_text": _clean_text,
    "mail_from": _clean_email,
}


@contextlib.contextmanager
def _free_name(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if violates(error, "support_inboxes_name_key"):
            raise Conflict(f"An inbox is called {name}: take another name.") from None
        raise
