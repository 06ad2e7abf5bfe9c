"""A person as everybody reads them."""

from chat import models
from delivery.wire.frames import Person

BOB = Person(id=2, username="bob", display_name="Bob")
ALICE = Person(id=1, username="alice", display_name="Alice")


def person_of(user: models.User) -> Person:
    return Person(id=user.pk, username=user.username, display_name=user.get_full_name())


def person_if_any(user: models.User | None) -> Person | None:
    return None if user is None else person_of(user)
