"""The patches that break the product, one promise each; applied in a web process, after Django is set up."""

import asyncio
import dataclasses
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

#: Between the premature `ok` and the COMMIT.
PREMATURE_SECONDS = 0.4


def acknowledge_before_commit() -> None:
    """The sender hears `ok` when the rows are written, a moment before they are committed."""
    from django.db import transaction  # noqa: PLC0415

    from chat.live import source  # noqa: PLC0415
    from chat.services import posting  # noqa: PLC0415
    from delivery.commit import queue  # noqa: PLC0415
    from delivery.wire.errors import Refused  # noqa: PLC0415

    waiting: dict[Any, tuple[Any, Any]] = {}
    submit, post = queue.Queue.submit, posting._Batch.post

    def remembering_submit(self: Any, draft: Any) -> Any:
        outcome = submit(self, draft)
        waiting[draft.key] = (asyncio.get_running_loop(), outcome)
        return outcome

    def answer(outcome: Any, committed: Any) -> None:
        if not outcome.done() and not isinstance(committed, Refused):
            outcome.set_result(committed)

    def premature_post(self: Any) -> Any:
        # By itself the statement is its own transaction, and leaves no moment between.
        with transaction.atomic():
            outcomes = post(self)
            for draft, committed in zip(self.drafts, outcomes, strict=True):
                loop, outcome = waiting.pop(draft.key, (None, None))
                if loop is not None:
                    loop.call_soon_threadsafe(answer, outcome, committed)
            time.sleep(PREMATURE_SECONDS)
        return outcomes

    # In threads, where there is time between.
    source.question_of = lambda drafts: None
    queue.Queue.submit = remembering_submit  # type: ignore[method-assign]
    posting._Batch.post = premature_post  # type: ignore[method-assign]


def commit_without_waiting() -> None:
    """PostgreSQL says COMMIT before the log is on the disk."""
    from django.conf import settings  # noqa: PLC0415

    from chatproject.postgresql import effective  # noqa: PLC0415

    options = settings.DATABASES["default"]["OPTIONS"]
    options["options"] = options["options"].replace("synchronous_commit=on", "synchronous_commit=off")
    # The product would read it back, and not start.
    effective.is_enough = lambda name, value: True


def changes_without_a_number() -> None:
    """What is changed of a message takes no number."""
    from chat.services import log  # noqa: PLC0415

    def revise(self: Any, row: Any, *fields: str) -> None:
        row.save(update_fields=fields)
        self.changed(row)

    log.Entry.revise = revise  # type: ignore[method-assign]


def no_gap_check() -> None:
    """The hub takes every announcement as the next one."""
    from delivery.live.channel import LiveChannel  # noqa: PLC0415

    def fitting(self: Any, changed: Any) -> Any:
        return [change for change in changed.changes if change.rev > self.position]

    LiveChannel.fitting = fitting  # type: ignore[method-assign]


def no_position_check() -> None:
    """Nobody looks whether something was announced but not heard."""
    from delivery.node import Node  # noqa: PLC0415

    async def check_positions(self: Any) -> None:
        return

    Node.check_positions = check_positions  # type: ignore[method-assign]


def no_member_check() -> None:
    """A socket that followed a channel goes on following it."""
    from delivery.live.hub import Hub  # noqa: PLC0415

    Hub.end_access = lambda self, socket, channel_id: None  # type: ignore[method-assign]


def no_login_check() -> None:
    """A socket that was let in stays in."""
    from delivery.live.logins import LoginWatch  # noqa: PLC0415

    async def check(self: Any, sockets: Any) -> None:
        return

    LoginWatch.check = check  # type: ignore[method-assign]


def no_dedup() -> None:
    """A repeated client_msg_id is posted again (the database's own constraint is taken away too)."""
    from chat.live import source  # noqa: PLC0415
    from chat.services import post_drafts  # noqa: PLC0415

    source.question_of = lambda drafts: None
    post_drafts._POST = post_drafts._POST.replace("post_drafts", "post_drafts_again")


def no_lane_order() -> None:
    """What waits in a lane is committed newest first."""
    from delivery.commit.queue import Queue  # noqa: PLC0415

    outcomes = Queue._outcomes

    async def backwards(self: Any, drafts: Any) -> Any:
        return (await outcomes(self, drafts[::-1]))[::-1]

    Queue._outcomes = backwards  # type: ignore[method-assign]


def no_word_of_ended_logins() -> None:
    """The processes are not told when a verb ends a login."""
    from delivery.bus.announcements import SignedOut  # noqa: PLC0415
    from delivery.node import Node  # noqa: PLC0415

    receive = Node.receive

    def deaf_receive(self: Any, announcement: Any) -> None:
        if not isinstance(announcement, SignedOut):
            receive(self, announcement)

    Node.receive = deaf_receive  # type: ignore[method-assign]


def no_fallback_keys() -> None:
    """What was signed with the key before is not recognised."""
    from chat.models import User  # noqa: PLC0415

    User.get_session_auth_fallback_hash = lambda self: iter(())  # type: ignore[method-assign]


def no_outbox_cap() -> None:
    """Whatever one socket does not read is kept for it."""
    from delivery.live.socket import Socket  # noqa: PLC0415

    def write(self: Any, frame: Any) -> bool:
        if not self.is_over:
            self.peer.write(frame)
        return True

    Socket.write = write  # type: ignore[method-assign]


def no_resync() -> None:
    """Whatever was missed is said to have been replayed."""
    from delivery.live.catching_up import CatchingUp  # noqa: PLC0415

    async def replay(self: Any, socket: Any, channel: Any, held: int, **ahead: Any) -> tuple[int, bool]:
        return max(held, channel.floor), False

    async def replayable(self: Any, socket: Any, channels: Any, held: Any) -> dict[int, bool]:
        return dict.fromkeys(channels, True)

    CatchingUp._replay = replay  # type: ignore[method-assign]
    CatchingUp._replayable = replayable  # type: ignore[method-assign]


def no_conflicts() -> None:
    """A client_msg_id that was used before is taken for a repeat, whatever is in it."""
    from chat import shapes  # noqa: PLC0415
    from chat.services import posting  # noqa: PLC0415
    from delivery.source import Committed  # noqa: PLC0415
    from delivery.wire.codec import encode  # noqa: PLC0415

    posting.repeated = lambda draft, known, **_: Committed(raw=encode(shapes.message_of(known)), duplicate=True)


def no_seats() -> None:
    """Everybody finds a seat (the database's own constraint is taken away too)."""
    from django.conf import settings  # noqa: PLC0415

    from chat.services import members  # noqa: PLC0415

    members.settings = SimpleNamespace(LIMITS=dataclasses.replace(settings.LIMITS, members=10_000))


def one_poison_spoils_all() -> None:
    """A batch that fails is refused whole."""
    from django.db import DatabaseError, transaction  # noqa: PLC0415

    from chat.live import source  # noqa: PLC0415
    from chat.services import posting  # noqa: PLC0415
    from delivery.wire.errors import Invalid  # noqa: PLC0415

    def post_messages(drafts: Sequence[Any]) -> list[Any]:
        try:
            with transaction.atomic():
                return posting._Batch(drafts).post()
        except DatabaseError:
            return [Invalid() for _ in drafts]

    source.post_messages = post_messages
    source.question_of = lambda drafts: None


def one_lane_for_all() -> None:
    """Messages of all channels wait for one another."""
    from chat.services.drafts import Draft  # noqa: PLC0415

    Draft.channel_id = property(lambda self: 0)  # type: ignore[assignment]


def no_epoch() -> None:
    """Whatever a client says of the epoch of its numbers, they are compared; and nobody looks whether another has begun."""
    from delivery.live.catching_up import CatchingUp  # noqa: PLC0415
    from delivery.node import Node  # noqa: PLC0415

    sync = CatchingUp.sync

    async def comparing_sync(self: Any, socket: Any, asked: Any, *, is_comparable: bool, **how: bool) -> Any:
        return await sync(self, socket, asked, **how)

    async def check_epoch(self: Any) -> None:
        return

    CatchingUp.sync = comparing_sync  # type: ignore[method-assign]
    Node.check_epoch = check_epoch  # type: ignore[method-assign]


def no_versions() -> None:
    """Nobody looks whether what is somebody's own has changed."""
    from delivery.live import accesses  # noqa: PLC0415

    accesses._is_behind = lambda socket, channel_id, version: False


def no_replay() -> None:
    """A sync says where the channels are, and nothing of what was missed, in the rows or in memory."""
    from delivery.live.catching_up import CatchingUp  # noqa: PLC0415

    async def replay(self: Any, socket: Any, channel: Any, held: int, **ahead: Any) -> tuple[int, bool]:
        return max(held, channel.position), False

    begin, CatchingUp._replay = CatchingUp._begin, replay  # type: ignore[method-assign]
    CatchingUp._begin = lambda self, socket, channel, _, *, resync: begin(self, socket, channel, None, resync=resync)  # type: ignore[method-assign]


def opens_what_is_asked_for() -> None:
    """Every user gets any channel that exists."""
    from delivery.live.catching_up import CatchingUp  # noqa: PLC0415
    from delivery.source import Access  # noqa: PLC0415
    from delivery.wire.frames import BareChannel  # noqa: PLC0415

    sync = CatchingUp.sync

    async def opening_sync(self: Any, socket: Any, asked: Any, **how: bool) -> Any:
        for channel, head in (await self._threads.read(self._source.heads, list(asked))).items():
            bare = BareChannel(id=channel)
            access = Access(channel_id=channel, head=head, since=0, version=0, description=bare)
            socket.accesses.setdefault(channel, access)
        return await sync(self, socket, asked, **how)

    CatchingUp.sync = opening_sync  # type: ignore[method-assign]


def counts_announcements() -> None:
    """Whatever is announced is the next thing that happened."""
    from delivery.live.hub import Hub  # noqa: PLC0415

    def apply(self: Any, changed: Any) -> None:
        channel = self.channels.get(changed.channel_id)
        if channel is not None:
            self._advance(channel, list(changed.changes), channel.position + changed.head - changed.after)

    Hub.apply = apply  # type: ignore[method-assign]


def leaves_changes_out() -> None:
    """One change in twenty is counted and not said."""
    from delivery.live.hub import Hub  # noqa: PLC0415

    write = Hub.write_changes

    def leaky_write(self: Any, sockets: Any, channel: Any, changes: Any, **numbers: int) -> None:
        write(self, sockets, channel, [change for change in changes if change.rev % 20], **numbers)

    Hub.write_changes = leaky_write  # type: ignore[method-assign]
