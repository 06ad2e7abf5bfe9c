"""Who has blocked whom, of the people of this process: read before `hello`, when it was rung, and with each position check."""

import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from chat.models import Block
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.wire import codec, frames


@dataclass
class Apart:
    """From whom somebody is kept: those they have blocked, and those who have blocked them."""

    blocked: set[int] = field(default_factory=set)
    blocked_by: set[int] = field(default_factory=set)


def apart_from(users: Sequence[int]) -> dict[int, Apart]:
    """In a database thread: for those of these people who have blocked somebody, or are blocked."""
    found: dict[int, Apart] = defaultdict(Apart)
    for blocker, blocked in Block.objects.filter(blocker__in=users).values_list("blocker", "blocked"):
        found[blocker].blocked.add(blocked)
    for blocker, blocked in Block.objects.filter(blocked__in=users).values_list("blocker", "blocked"):
        found[blocked].blocked_by.add(blocker)
    return dict(found)


class Blocking:
    """Belongs to one event loop. `read` runs apart_from in a database thread."""

    def __init__(self, hub: Hub, read: Callable[[Sequence[int]], Awaitable[dict[int, Apart]]]) -> None:
        self._hub = hub
        self._read = read
        self._questions = itertools.count(1)
        #: user → (the question that this answered, the answer)
        self._known: dict[int, tuple[int, Apart]] = {}

    def blocked_by(self, user: int) -> list[int]:
        """Whom the user has blocked, as `hello` says it."""
        return sorted(self._apart(user).blocked)

    def kept_from(self, user: int) -> set[int]:
        """Everybody from whom the user is kept, in either direction."""
        apart = self._apart(user)
        return apart.blocked | apart.blocked_by

    async def look(self, users: Collection[int]) -> None:
        """Reads how it stands, and tells the sockets of those whose own list has changed since it was last read."""
        if users:
            question = next(self._questions)
            found = await self._read(list(users))
            for user in users:
                self._take(user, question, found.get(user) or Apart())

    async def look_at_all(self) -> None:
        """The same of everybody who is here: heals lost bells."""
        self._known = {user: known for user, known in self._known.items() if user in self._hub.users}
        await self.look(list(self._hub.users))

    def _take(self, user: int, question: int, apart: Apart) -> None:
        # Of two answers that cross, the one to the later question: what changed after both was rung again.
        asked, before = self._known.get(user, (0, apart))
        if asked < question:
            self._known[user] = (question, apart)
            if before.blocked != apart.blocked:
                self._tell(user)

    def _tell(self, user: int) -> None:
        frame = Prepared(codec.encode(frames.Blocks(users=self.blocked_by(user))))
        for socket in list(self._hub.users.get(user, ())):
            if socket.is_greeted:
                self._hub.deliver(socket, frame)

    def _apart(self, user: int) -> Apart:
        return self._known.get(user, (0, Apart()))[1]
