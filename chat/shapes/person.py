"""A person as everybody reads them, and one of the staff as customers do, who never learn with which name they sign in."""

from chat import models
from chat.naming import STAFF_USERNAME
from chat.shapes.columns import MessageColumns
from delivery.wire.frames import Person

BOB = Person(id=2, username="bob", display_name="Bob")
ALICE = Person(id=1, username="alice", display_name="Alice")


def person_of(user: models.User) -> Person:
    return Person(id=user.pk, username=user.username, display_name=user.get_full_name())


def public_person(pk: int, name: str) -> Person:
    """Somebody of the staff, in all that a customer may read; `name` as public_name (conversing.sql) tells it."""
    return Person(id=pk, username=STAFF_USERNAME, display_name=name)


def sender_of(row: models.Message | MessageColumns) -> Person:
    """Needs `sender` selected along."""
    return public_person(row.sender_id, row.said_as) if row.said_as else person_of(row.sender)


def person_if_any(user: models.User | None) -> Person | None:
    return None if user is None else person_of(user)
