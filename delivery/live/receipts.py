"""Moved cursors as frames: the same bytes for all members who are told the same."""

import msgspec

from delivery.bus.announcements import Cursor, Moved
from delivery.live.peers import Prepared
from delivery.wire import codec, frames


class Spelling:
    """The frames of one announcement; each is encoded when the first socket needs it."""

    def __init__(self, moved: Moved) -> None:
        self._moved = moved
        self.cursors: dict[int, Cursor] = {cursor.user_id: cursor for cursor in moved.cursors}
        members = {cursor.user_id: (cursor.delivered, cursor.read) for cursor in moved.cursors}
        self._members = msgspec.Raw(msgspec.json.encode(members))
        #: Members for whom the numbers of all others differ: they are themselves among the last.
        self._last = {moved.delivered.user_id, moved.read.user_id, moved.since.user_id}
        self._frames: dict[tuple[int, tuple[int, int] | None], Prepared] = {}

    def frame_for(self, user_id: int) -> Prepared:
        """Shared by all users who are told the same."""
        own = self.cursors.get(user_id)
        counts = None if own is None else (own.unread, own.mentioned)
        key = (user_id if user_id in self._last else 0, counts)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = Prepared(codec.encode(self._spelled(user_id)))
        return frame

    def _spelled(self, user_id: int) -> frames.Receipts:
        moved, own = self._moved, self.cursors.get(user_id)
        return frames.Receipts(
            channel=moved.channel_id,
            delivered=moved.delivered.among_others_than(user_id),
            read=moved.read.among_others_than(user_id),
            since=moved.since.among_others_than(user_id),
            members=self._members,
            head=msgspec.UNSET if own is None else moved.head,
            unread=msgspec.UNSET if own is None else own.unread,
            mentioned=msgspec.UNSET if own is None else own.mentioned,
        )
