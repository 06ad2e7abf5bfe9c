"""The facts that the rules of posting need, as this process remembers them: with them a batch costs one round trip.

The memory may be wrong: post_drafts (posting.sql) compares it with the rows under the locks, and writes nothing if it differs.
"""

import threading
from collections import OrderedDict

import msgspec

#: How many senders' standings this process remembers.
MOST_STANDINGS = 10_000


#: See Facts.root.
ROOT = "root"


class SenderStanding(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sender's standing in a channel. Kind, role and name are empty if the channel or membership does not exist."""

    kind: str | None
    is_archived: bool
    role: str | None
    muted_until: str | None
    #: In this direct conversation a block is between the sender and all others.
    is_blocked: bool
    is_active: bool | None
    username: str | None
    display_name: str | None
    #: The sender's side in a conversation with the support: visitor or staff.
    side: str | None = None


class Facts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The facts about one draft."""

    standing: SenderStanding
    #: An earlier message with the same sender and client_msg_id.
    earlier: int | None
    #: The channel of the message that it answers.
    answered: int | None
    #: The conversation is resolved, and a customer's message does not reopen it.
    is_over: bool = False
    #: If another agent has answered since: the number up to which the sender has seen the conversation.
    overtaken_since: int | None = None
    #: Why the draft can't have its files: one is missing (for the sender), not whole, or in another message.
    files: str | None = None
    #: For a reply in a thread: its root is valid (ROOT), can't be a root (system, reply, deleted), or does not exist (absent).
    root: str | None = None


class SenderStandings:
    """The remembered standings. Thread-safe."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[int, int], SenderStanding] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, channel: int, sender: int) -> SenderStanding | None:
        """The standing as last read; None if it was never read, or forgotten since."""
        return self._held.get((channel, sender))

    def note(self, channel: int, sender: int, standing: SenderStanding) -> None:
        with self._lock:
            self._held[channel, sender] = standing
            if len(self._held) > MOST_STANDINGS:
                self._held.popitem(last=False)


#: The standings that this process remembers.
standings = SenderStandings()
