"""People whom a request names by id. The answer is the same for a user who does not exist and one whom the caller may not see."""

from collections.abc import Sequence

from rest_framework.exceptions import ValidationError

from chat.models import Channel, User
from chat.rights.standing import require_may
from chat.rights.table import Right
from chat.services.sanctions import member_or_former
from delivery.wire.errors import NotAMember, NotFound


def member_acted_on(right: Right, actor: User, channel: int, pk: int) -> User:
    """The present or former member of a channel on whom the actor acts. An actor without the right learns nothing of users.

    Raises NotFound (also for a user who was never in the channel), NotAMember, Forbidden.
    """
    _require(actor, right, channel)
    user = User.objects.filter(pk=pk).first()
    try:
        if user is None:
            raise NotAMember
        member_or_former(channel, user)
    except NotAMember:
        raise NotFound("This person is not a member of the channel.") from None
    return user


def person_to_add(actor: User, channel: int, pk: int) -> User:
    """A user who is to be added; the same refusals. Raises DRF's ValidationError if there is no such user."""
    _require(actor, Right.ADD, channel)
    [user] = known_people([pk])
    return user


def known_people(ids: Sequence[int]) -> list[User]:
    """The users with these ids; the verbs check whether they are active. Raises DRF's ValidationError."""
    found = User.objects.people().in_bulk(ids)
    missing = sorted(set(ids) - set(found))
    if missing:
        raise ValidationError({"members": [f"There is no user {pk}." for pk in missing]})
    return [found[pk] for pk in ids]


def _require(actor: User, right: Right, channel: int) -> None:
    row = Channel.objects.filter(pk=channel).first()
    if row is None:
        raise NotFound
    require_may(actor, right, channel=row)
