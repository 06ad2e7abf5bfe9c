"""Limits how fast frames are read from sockets: beyond the limit reading waits, and the client's connection fills up."""

from weakref import WeakValueDictionary

from delivery.live.token_bucket import TokenBucket

#: Frames of one socket that are read before the loop turns to others.
FRAMES_A_TURN = 8
#: So many channels of a sync cost as much as a frame.
CHANNELS_A_FRAME = 10
#: A command that reads rows takes a thread and a connection: it costs as much as so many other frames.
FRAMES_A_QUERY = 25
#: So many changes of a replay cost as much as a frame: each was read and sent.
CHANGES_A_FRAME = 4


class Pace:
    """The pace of one socket, or of all sockets of one user together."""

    __slots__ = ("__weakref__", "_bucket", "_since_yield")

    def __init__(self, per_second: int) -> None:
        self._bucket = TokenBucket(per_second, seconds=1)
        self._since_yield = 0

    @property
    def is_free(self) -> bool:
        """Whether a frame can be read now without waiting."""
        return self._bucket.has_some

    def spend(self, frames: float = 1) -> float | None:
        """Spends the cost of a frame. Returns how long reading must wait: seconds, 0 for one turn of the loop, None for no wait."""
        debt = self._bucket.spend(frames)
        self._since_yield += 1
        if debt:
            return debt
        if self._since_yield < FRAMES_A_TURN:
            return None
        # Frames that need no database would otherwise keep the loop from everybody else.
        self._since_yield = 0
        return 0.0


_of_users: WeakValueDictionary[int, Pace] = WeakValueDictionary()


def pace_of_user(user_id: int, per_second: int) -> Pace:
    """The one pace of the user's sockets in this process, for as long as there is one."""
    return _of_users.setdefault(user_id, Pace(per_second))
