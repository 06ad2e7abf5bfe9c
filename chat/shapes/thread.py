"""A thread, as one of its readers has it: whether they follow it, and their read position."""

from typing import Annotated

import msgspec

from chat.shapes.message import MESSAGE, Message
from chat.shapes.page import HistoryPage, Page, Row
from delivery.wire.frames import Thread


class FollowedThread(msgspec.Struct, frozen=True, kw_only=True):
    """A reader's state in a thread. `thread`: the root's id. `read_seq`: the newest reply read. `unread`: for followers only."""

    thread: int
    following: bool
    read_seq: int
    unread: int

    def frame(self, channel: int) -> Thread:
        return Thread(
            channel=channel, thread=self.thread, following=self.following, read_seq=self.read_seq, unread=self.unread
        )


FOLLOWED = FollowedThread(thread=501, following=True, read_seq=345, unread=1)


class FollowedRoot(Message, frozen=True, kw_only=True):
    """The root of a thread that the caller follows."""

    read_seq: int
    unread: int


class RepliesPage(HistoryPage[Row], frozen=True, kw_only=True):
    """Replies, newest first, without the root; and the caller's state in the thread."""

    following: bool
    read_seq: int
    unread: int


class ThreadsPage(Page[Row], frozen=True, kw_only=True):
    """Roots of threads, the one with the newest reply first: `?cursor=` continues."""

    next_cursor: str | None
    unread_threads: Annotated[
        int, msgspec.Meta(description="How many followed threads have unread replies; counts up to 100.")
    ]


def followed_root(message: Message, *, read_seq: int, unread: int) -> FollowedRoot:
    fields = {name: getattr(message, name) for name in Message.__struct_fields__}
    return FollowedRoot(**fields, read_seq=read_seq, unread=unread)


FOLLOWED_ROOT = followed_root(MESSAGE, read_seq=345, unread=1)
