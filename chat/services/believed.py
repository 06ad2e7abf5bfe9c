"""What the rules of posting look at, as this process holds it to be: a batch that believes it costs one round trip.

Nobody relies on it: post_drafts (posting.sql) compares it with the rows under the locks, and writes nothing if it differs.
"""

import threading
from collections import OrderedDict

import msgspec

#: Of so many senders in channels it is remembered how they stand.
MOST_STANDINGS = 10_000


#: See Facts.root.
ROOT = "root"


class SenderStanding(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a sender stands in a channel. What does not exist has no kind, role or name."""

    kind: str | None
    is_archived: bool
    role: str | None
    muted_until: str | None
    #: A block stands between them and everybody else in this direct conversation.
    is_blocked: bool
    is_active: bool | None
    username: str | None
    display_name: str | None
    #: visitor or staff, in a conversation with the support.
    side: str | None = None


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one draft."""

    standing: SenderStanding
    #: The message that has this sender and client_msg_id already.
    earlier: int | None
    #: The channel of the message that it answers.
    answered: int | None
    #: The conversation is resolved, and what a customer writes does not open it again.
    is_over: bool = False
    #: The number up to which the sender has seen a conversation that somebody else of the staff has answered since.
    overtaken_since: int | None = None
    #: What stands against its files: one is missing (for the sender), not whole, or taken by another message.
    files: str | None = None
    #: Of a reply in a thread: what it takes for the root is one (ROOT), is none (system, reply, deleted), or is not there (absent).
    root: str | None = None


class SenderStandings:
    """Thread-safe."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[int, int], SenderStanding] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, channel: int, sender: int) -> SenderStanding | None:
        """As it was found last; None when it never was, or long ago."""
        return self._held.get((channel, sender))

    def note(self, channel: int, sender: int, standing: SenderStanding) -> None:
        with self._lock:
            self._held[channel, sender] = standing
            if len(self._held) > MOST_STANDINGS:
                self._held.popitem(last=False)


#: Those of this process.
standings = SenderStandings()
