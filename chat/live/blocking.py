"""Who has blocked whom, of the people of this process: read before `hello`, when it was rung, and with each position check."""

import itertools
from collections.abc import Awaitable, Callable, Collection, Sequence

from chat.reads.blocks import Apart
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.wire import codec, frames


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

    def ask(self) -> int:
        """A question that is put to the rows from now on; its answer is for `take`."""
        return next(self._questions)

    async def look(self, users: Collection[int]) -> None:
        """Reads how it stands, and tells the sockets of those whose own list has changed since it was last read."""
        if users:
            question = self.ask()
            found = await self._read(list(users))
            for user in users:
                self.take(user, question, found.get(user) or Apart())

    async def look_at_all(self) -> None:
        """The same of everybody who is here: heals lost bells."""
        self._known = {user: known for user, known in self._known.items() if user in self._hub.users}
        await self.look(list(self._hub.users))

    def take(self, user: int, question: int, apart: Apart) -> None:
        """Of two answers that cross, the one to the later question: what changed after both was rung again."""
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
