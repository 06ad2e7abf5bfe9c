"""A person, as everybody sees them; and an agent, as customers see them, who never learn the agent's username."""

from chat import models
from chat.naming import STAFF_USERNAME
from chat.shapes.columns import MessageColumns, SenderColumns
from delivery.wire.frames import Person

BOB = Person(id=2, username="bob", display_name="Bob")
ALICE = Person(id=1, username="alice", display_name="Alice")


def person_of(user: models.User | SenderColumns) -> Person:
    return Person(id=user.pk, username=user.username, display_name=user.get_full_name())


def public_person(pk: int, name: str) -> Person:
    """An agent in everything that customers may read; `name` comes from public_name (conversing.sql)."""
    return Person(id=pk, username=STAFF_USERNAME, display_name=name)


def sender_of(row: models.Message | MessageColumns) -> Person:
    """Needs `sender` selected along."""
    return public_person(row.sender_id, row.said_as) if row.said_as else person_of(row.sender)


def person_if_any(user: models.User | None) -> Person | None:
    return None if user is None else person_of(user)
