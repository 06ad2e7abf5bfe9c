"""Moved cursors as frames: the same bytes for nearly all members, own ones for the user whose cursor moved."""

import msgspec

from delivery.bus.announcements import Cursor, Moved
from delivery.live.peers import Prepared
from delivery.wire import codec, frames


class Spelling:
    """One announcement; each frame is encoded when the first needs it."""

    def __init__(self, moved: Moved) -> None:
        self._moved = moved
        self.cursors: dict[int, Cursor] = {cursor.user_id: cursor for cursor in moved.cursors}
        members = {cursor.user_id: (cursor.delivered, cursor.read) for cursor in moved.cursors}
        self._members = msgspec.Raw(msgspec.json.encode(members))
        #: Who sees other numbers than everybody else.
        self._special = {*self.cursors, moved.delivered.user_id, moved.read.user_id, moved.since.user_id}
        self._frames: dict[int, Prepared] = {}

    def frame_for(self, user_id: int) -> Prepared:
        """Everybody's sockets get one frame for all of them."""
        key = user_id if user_id in self._special else 0
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
