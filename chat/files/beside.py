"""What files ask of the apps beside them, which they don't know. The paths are mounted with the answers (chatproject/urls.py)."""

from collections.abc import Callable
from dataclasses import dataclass

from chat.models import User


def _reads_nothing(user: User, channel: int) -> bool:
    return False


def _is_from_nowhere(user: User) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Beside:
    #: Whether somebody reads a channel (its id) that they are not in.
    reads: Callable[[User, int], bool] = _reads_nothing
    #: Of somebody from outside: the desk (its channel's id) with whose other customers they share room.
    desk_of: Callable[[User], int | None] = _is_from_nowhere


NOBODY = Beside()
