"""People whom a request names by id: what is said of one that is not there is said of one that is not yours."""

from collections.abc import Sequence

from rest_framework.exceptions import ValidationError

from chat.models import Channel, User
from chat.rights.standing import require_may
from chat.rights.table import Right
from chat.services.sanctions import member_or_former
from delivery.wire.errors import NotAMember, NotFound


def person_to(right: Right, actor: User, channel: int, pk: int) -> User:
    """Somebody who is or was in a channel, and whom the actor does something to. Who may not do it learns nothing of people.

    Raises NotFound (for nobody, and for who was never there), NotAMember, Forbidden.
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
    """The same of a newcomer. Raises DRF's ValidationError for nobody."""
    _require(actor, Right.ADD, channel)
    [user] = known_people([pk])
    return user


def known_people(ids: Sequence[int]) -> list[User]:
    """Accounts, whether they are active is the verbs' question. Raises DRF's ValidationError."""
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
