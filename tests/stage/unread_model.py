"""A channel as the server has it, one reader's page, and what is on its way: for holding the page's numbers to the server's.

Counts as `chat/reads/unread.py` does. Whatever is asked of it, the frames are those that a server would send: late, lost,
replayed.
"""

from typing import Any

CHANNEL, ME, OTHER = 1, 1, 2
THEN = "1999-01-01T00:00:00.000000Z"


class Model:
    """Each verb is a step of the server, of the page, or of the line between them; `steps` is what the page lives through."""

    def __init__(self) -> None:
        self.messages: dict[int, dict[str, Any]] = {}
        self.deleted_as: dict[int, int] = {}
        self.head = self.read = self.seen = self.held = 0
        self.receipts: list[dict[str, Any]] = []
        self.has_lost = False
        self.steps: list[dict[str, Any]] = [{"hello": [self.described()]}]

    # ---- the server ----

    def post(self, sender: int) -> None:
        self.head += 1
        fields = {
            "channel": CHANNEL,
            "kind": "text",
            "body": "said",
            "sender": {"id": sender},
            "created_at": THEN,
            "deleted_at": None,
            "thread": None,
        }
        mentions = {"users": [ME] if self.head % 2 else [], "everyone": False}
        ids = {"id": self.head, "seq": self.head, "rev": self.head}
        self.messages[self.head] = {**ids, **fields, "edited_at": None, "mentions": mentions}

    def reply(self, sender: int, *, is_also: bool) -> None:
        """In the thread of the first message that can begin one, which takes the next number."""
        root = next((seq for seq, row in self.messages.items() if not row["thread"] and not row["deleted_at"]), None)
        if root is not None:
            self.post(sender)
            self.messages[self.head] |= {"thread": root, "also_in_channel": is_also}
            self._renumber(root)

    def edit(self, choice: int) -> None:
        """Calls the reader if it did not, and the other way round."""
        seq = self._change(choice)
        if seq is not None:
            calls = not self.messages[seq]["mentions"]["users"]
            self.messages[seq] |= {"edited_at": THEN, "mentions": {"users": [ME] * calls, "everyone": False}}

    def delete(self, choice: int) -> None:
        seq = self._change(choice)
        if seq is not None:
            self.messages[seq] |= {"deleted_at": THEN, "mentions": {"users": [], "everyone": False}}
            self.deleted_as[seq] = self.head
            if self.messages[seq]["thread"]:
                self._renumber(self.messages[seq]["thread"])

    def read_elsewhere(self, choice: int) -> None:
        self._move(self._chosen(choice, self.head))

    def unread(self) -> int:
        return self._count(self.head)

    def mentioned(self) -> int:
        return sum(
            seq > self.read
            and message["sender"]["id"] != ME
            and bool(message["mentions"]["users"])
            and is_in_channel(message)
            for seq, message in self.messages.items()
        )

    # ---- the page ----

    def read_here(self, choice: int, *, knows_all: bool) -> None:
        """The person sees everything up to a message; `knows_all`: the page has all rows before it."""
        seq = self._chosen(choice, self.held)
        if seq is None:
            return
        self.steps.append({"see": seq, "is_all": seq == self._chosen(-1, self.held), "knows_all": knows_all})
        self._move(seq)

    # ---- the line ----

    def deliver_changes(self, most: int) -> None:
        """The next numbers, as they are by now."""
        until = min(self.head, self.held + most)
        self._replay(until)

    def deliver_receipts(self, choice: int) -> None:
        if self.receipts:
            self.steps.append({"receipts": self.receipts.pop(choice % len(self.receipts))})

    def lose_receipts(self) -> None:
        """Redis stands still: nobody hears of what moved meanwhile."""
        self.has_lost = self.has_lost or bool(self.receipts)
        self.receipts.clear()

    def come_back(self, *, is_long_away: bool) -> None:
        """Another connection: hello, then what was missed, or nothing of it when that is too much."""
        self.receipts.clear()
        self.has_lost = False
        self.steps.append({"hello": [self.described()]})
        if is_long_away:
            self.steps += [{"skip": self.head}, {"put": self.described()}]
            self.held = self.head
        else:
            self._replay(self.head)

    def come_to_rest(self) -> None:
        """Everything has arrived, and the position check has repaired what was lost."""
        self._replay(self.head)
        while self.receipts:
            self.deliver_receipts(0)
        if self.has_lost:
            self.steps.append({"put": self.described()})
            self.has_lost = False
        # What the page is not sure of it asks for.
        self.steps.append({"recount": self.described()})
        self.steps.append({"expect": {"unread": self.unread(), "mentioned": self.mentioned()}})

    def described(self) -> dict[str, Any]:
        return {
            "id": CHANNEL,
            "kind": "public",
            "name": "team",
            "head": self.head,
            "read_seq": self.read,
            "unread": self.unread(),
            "mentioned": self.mentioned(),
            "notify_level": "all",
        }

    def _count(self, head: int) -> int:
        return sum(
            seq > self.read
            and seq <= head
            and message["sender"]["id"] != ME
            and self.deleted_as.get(seq, head + 1) > head
            and is_in_channel(message)
            for seq, message in self.messages.items()
        )

    def _change(self, choice: int) -> int | None:
        alive = [seq for seq in self.messages if seq not in self.deleted_as]
        if not alive:
            return None
        seq = alive[choice % len(alive)]
        self._renumber(seq)
        return seq

    def _renumber(self, seq: int) -> None:
        self.head += 1
        self.messages[seq] = {**self.messages[seq], "rev": self.head}

    def _chosen(self, choice: int, most: int) -> int | None:
        seqs = [seq for seq in self.messages if seq <= most]
        return seqs[choice % len(seqs)] if seqs else None

    def _move(self, seq: int | None) -> None:
        if seq is None or seq <= self.read:
            return
        self.read = seq
        counts = {"unread": self.unread(), "mentioned": self.mentioned()}
        told = {"head": self.head, **counts, "members": {str(ME): [seq, seq]}}
        self.receipts.append({"channel": CHANNEL, "delivered": 0, "read": 0, "since": 0, **told})

    def _replay(self, until: int) -> None:
        rows = sorted(
            (row for row in self.messages.values() if self.held < row["rev"] <= until), key=lambda row: row["rev"]
        )
        if until > self.held:
            self.steps.append({"changes": {"channel": CHANNEL, "after": self.held, "head": until, "changes": rows}})
            self.held = until


def is_in_channel(message: dict[str, Any]) -> bool:
    return not message["thread"] or message["also_in_channel"]
