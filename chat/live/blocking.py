"""Blocks of the users of this process: read before `hello`, when a change is announced, and with each position check."""

import itertools
from collections.abc import Awaitable, Callable, Collection, Sequence
from collections.abc import Set as AbstractSet

from chat.reads.blocks import NOT_APART, Apart
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.wire import codec, frames


class Blocking:
    """The blocks that this process knows. Belongs to one event loop. `read` runs apart_from in a database thread."""

    def __init__(self, hub: Hub, read: Callable[[Sequence[int]], Awaitable[dict[int, Apart]]]) -> None:
        self._hub = hub
        self._read = read
        self._questions = itertools.count(1)
        #: user → (the question that this answered, the answer)
        self._known: dict[int, tuple[int, Apart]] = {}

    def blocked_by(self, user_id: int) -> list[int]:
        """The users whom the user has blocked, for `hello`."""
        return sorted(self._apart(user_id).blocked)

    def kept_from(self, user_id: int) -> AbstractSet[int]:
        """All users with whom the user has a block, in either direction."""
        apart = self._apart(user_id)
        return apart.blocked | apart.blocked_by

    def ask(self) -> int:
        """The number of a question that reads the rows from now on; its answer goes to `take`."""
        return next(self._questions)

    async def look(self, user_ids: Collection[int]) -> None:
        """Reads the blocks, and tells the sockets of users whose own list has changed since the last reading."""
        if user_ids:
            question = self.ask()
            found = await self._read(list(user_ids))
            for user_id in user_ids:
                self.take(user_id, question, found.get(user_id, NOT_APART))

    async def look_at_all(self) -> None:
        """The same for all users of this process: repairs what lost announcements would have told."""
        self._known = {user_id: known for user_id, known in self._known.items() if user_id in self._hub.sockets_of}
        await self.look(list(self._hub.sockets_of))

    def take(self, user_id: int, question: int, apart: Apart) -> None:
        """Takes an answer. Of two answers that cross, the later question's counts: a change after both is announced again."""
        asked, before = self._known.get(user_id, (0, apart))
        if asked < question:
            self._known[user_id] = (question, apart)
            if before.blocked != apart.blocked:
                self._tell(user_id)

    def _tell(self, user_id: int) -> None:
        frame = Prepared(codec.encode(frames.Blocks(users=self.blocked_by(user_id))))
        for socket in list(self._hub.sockets_of.get(user_id, ())):
            if socket.is_greeted:
                self._hub.deliver(socket, frame)

    def _apart(self, user_id: int) -> Apart:
        return self._known.get(user_id, (0, NOT_APART))[1]
