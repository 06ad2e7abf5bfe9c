"""What one client holds of its channels, kept by the contract's rules: only what fits is taken, a gap is asked for."""

from collections.abc import Mapping

from tests.faults.notes import Notes
from tests.faults.wire import Change, Push, State


class View:
    """Outlives connections.

    held: {channel: the number up to which everything is known}; starts: {channel: after which number that began};
    messages: {channel: {seq: (rev, look)}}; unacknowledged: {channel: the highest seq of others, not yet acknowledged}.
    """

    def __init__(self, notes: Notes) -> None:
        self.held: dict[int, int] = {}
        self.starts: dict[int, int] = {}
        self.messages: dict[int, dict[int, tuple[int, str]]] = {}
        self.unacknowledged: dict[int, int] = {}
        #: {channel: the id of the text that was shown last}
        self.newest: dict[int, int] = {}
        #: {channel: the id of the text that was shown first, of those that begin threads}
        self.oldest: dict[int, int] = {}
        self._notes = notes
        self._from_history: set[tuple[int, int]] = set()

    def take(self, push: Push, *, is_opening: bool, is_syncing: bool) -> str:
        """A pushed batch: "fits" (taken), "gap" (ask), "early" (offer it again after the sync) or "unfollowed".

        is_opening: this channel was asked for "from now on" and the answer is still to come.
        """
        channel = push.channel
        assert isinstance(channel, int)
        if channel not in self.held:
            if not is_opening:
                self._notes.frame(channel, "unfollowed", after=push.after, head=push.head, held=0)
                return "unfollowed"
            # "From now on" begins with the first frame, if one comes before the answer.
            self.held[channel] = push.after
            self.starts.setdefault(channel, push.after)
        held = self.held[channel]
        if push.after > held and is_syncing:
            return "early"
        if push.after != held:
            verdict = "gap" if push.after > held else "old" if push.head <= held else "overlap"
            self._notes.frame(channel, verdict, after=push.after, head=push.head, held=held)
            if verdict == "gap":
                return verdict
        for change in push.changes:
            if change.rev > held:
                self.show(channel, change, live=True)
        self.held[channel] = max(held, push.head)
        return "fits"

    def known_up_to(self, channel: int, state: State) -> int:
        """Before a resync is taken: up to which number nothing needs to be read again."""
        start = self.starts.get(channel, 0)
        held = self.held.get(channel, start)
        # A client that has more changes than the channel has another log.
        return start if held > state.head else held

    def take_state(self, channel: int, state: State) -> None:
        """Where a sync says that the channel stands, after everything up to there was pushed (or is read from history)."""
        if state.resync:
            self.held[channel] = state.head
            self.starts.setdefault(channel, 0)
        else:
            self.held[channel] = max(self.held.get(channel, 0), state.head)
            self.starts.setdefault(channel, state.head)

    def behind(self, heads: Mapping[int, int]) -> dict[int, int]:
        """What is held of the channels of which more is said to exist."""
        behind = {channel: self.held[channel] for channel, head in heads.items() if self.held.get(channel, head) < head}
        for channel, held in behind.items():
            self._notes.frame(channel, "gap", after=heads[channel], head=heads[channel], held=held)
        return behind

    def join(self, channel: int, head: int) -> None:
        self.held[channel] = self.starts[channel] = head

    def leave(self, channel: int) -> None:
        self.held.pop(channel, None)
        self.starts.pop(channel, None)

    def show(self, channel: int, change: Change, *, live: bool) -> None:
        """Into the view, if it is new there. What was pushed and is pushed again is shown again: the checker notices."""
        view = self.messages.setdefault(channel, {})
        known, place = view.get(change.seq), (channel, change.seq)
        if known is not None and known[0] >= change.rev and (not live or place in self._from_history):
            return
        view[change.seq] = (change.rev, change.look)
        if change.kind == "text":
            self.newest[channel] = change.id
            if change.thread is None:
                self.oldest.setdefault(channel, change.id)
        if not live:
            self._from_history.add(place)
        elif change.sender["id"] != self._notes.user:
            self.unacknowledged[channel] = max(change.seq, self.unacknowledged.get(channel, 0))
        self._notes.shown(channel, change, live=live)
