"""Hooks: questions of the files' app that other apps answer. chatproject/urls.py mounts the paths with them."""

from collections.abc import Callable
from dataclasses import dataclass

from chat.models import User


def _reads_nothing(user: User, channel: int) -> bool:
    return False


def _is_from_nowhere(user: User) -> None:
    return None


@dataclass(frozen=True, slots=True)
class FileHooks:
    #: Whether a user may read a channel (its id) of which they are no member.
    reads: Callable[[User, int], bool] = _reads_nothing
    #: For a visitor: the desk (its channel's id) whose customers share one quota.
    desk_of: Callable[[User], int | None] = _is_from_nowhere


NOBODY = FileHooks()
