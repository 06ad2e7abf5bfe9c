"""A person as everybody reads them."""

from chat import models
from delivery.wire.frames import Person


def person_of(user: models.User) -> Person:
    return Person(id=user.pk, username=user.username, display_name=user.get_full_name())
