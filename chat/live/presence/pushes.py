"""Pushes presence to the sockets of this process: all changes together, once a second for each channel.

Encoded once for all sockets that see the same; dropped for a socket that is behind, which later gets whole rosters instead.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from django.conf import settings

from chat import shapes
from chat.reads.logins import ChatLogin, is_visit
from delivery.live.hub import Hub
from delivery.live.peers import Prepared
from delivery.live.socket import Socket
from delivery.wire import codec, frames
from presence.everyone import Everyone, News
from presence.local import Own
from presence.people import INVISIBLE, OFFLINE, UNKNOWN

#: A push may go out this much early: the clock that asks is a little uneven.
SLACK_SECONDS = 0.05
#: From so many people on who have come within a tick, newcomers get their rosters with the next push.
MANY_NEWCOMERS = 10


class Pushes:
    def __init__(self, hub: Hub, view: Everyone, own: Own, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._view = view
        self._own = own
        self._every = settings.LIMITS.presence_push_seconds - SLACK_SECONDS
        self._clock = clock
        self._news: dict[int, News] = {}
        self._pushed_at = float("-inf")
        #: Something waited already when it was last asked what is due.
        self._has_waited = False
        self._rosters: dict[int, Prepared] = {}
        #: Sockets to which something was not written, with the channels whose rosters they are still to get.
        self._behind: dict[Socket, list[int]] = {}
        #: Sockets that came together with many others, with the channels whose rosters they get with the next push.
        self._newcomers: dict[Socket, list[int]] = {}
        #: The channels of which each socket was told who is here.
        self._rostered: dict[Socket, tuple[int, ...]] = {}
        self._chosen: set[int] = set()

    # ---- what is to be pushed ----

    def add(self, news: Iterable[News]) -> None:
        for one in news:
            before = self._news.get(one.user_id)
            channels = one.channels if before is None else {**before.channels, **one.channels}
            self._news[one.user_id] = News(one.user_id, one.shown, channels)
            for channel_id in one.channels:
                self._rosters.pop(channel_id, None)

    def forget_rosters(self) -> None:
        """They are made anew when next asked for: whether anything is known has changed, or some are of channels long left."""
        self._rosters.clear()

    def push_everything(self) -> None:
        """Every socket gets whole rosters with the next push."""
        self._behind.update({socket: list(socket.accesses) for socket in self._hub.sockets})

    def add_own(self, user_id: int) -> None:
        """The person has chosen something: told to all their sockets."""
        self._chosen.add(user_id)

    # ---- pushing ----

    def push(self) -> None:
        """What is due by now; what is new, when it is asked for once more: what other processes say of it is in the same frame."""
        now = self._clock()
        if self._has_waited and now - self._pushed_at >= self._every:
            self._pushed_at = now
            self._push_news()
            self._push_own()
            self._push_rosters_to_newcomers()
            self._push_rosters_to_those_behind()
        self._has_waited = bool(self._news or self._chosen or self._newcomers or self._behind)

    def push_rosters(self, socket: Socket, channel_ids: Iterable[int]) -> None:
        """Everybody who is here, a frame for each of the channels that the socket follows; then what the person has chosen.

        Of thousands of channels not at once: as fast as the socket reads. When many people come at once, with the next push: these
        rosters name all of them, so the push need not.
        """
        if is_visit(socket.login):
            return
        waiting = self._newcomers.get(socket)
        if waiting is not None:
            waiting.extend(channel_ids)
        elif socket not in self._rostered and self._own.newcomers > MANY_NEWCOMERS:
            self._newcomers[socket] = list(channel_ids)
        else:
            self._write_rosters(socket, channel_ids)

    def _write_rosters(self, socket: Socket, channel_ids: Iterable[int]) -> None:
        wanted = [channel_id for channel_id in channel_ids if channel_id in socket.accesses]
        # A tuple: a set of as many would be ten times as large, for every socket.
        self._rostered[socket] = tuple({*self._rostered.get(socket, ()), *wanted})
        rosters = (self._roster(channel_id) for channel_id in wanted)
        own = [] if self._is_own_said(socket, wanted) else [self._own_frame(socket.user_id)]
        written = socket.write_while_idle(chain(rosters, own))
        if written < len(wanted) + len(own):
            self._behind[socket] = list(dict.fromkeys([*self._behind.get(socket, ()), *wanted[written:]]))

    def push_new_rosters(self, socket: Socket) -> None:
        """The same for the channels that it has begun to follow since."""
        known = self._rostered.get(socket)
        if known is not None:
            known = self._rostered[socket] = tuple(socket.accesses.keys() & known)
            channels = (self._hub.channels.get(channel_id) for channel_id in socket.accesses.keys() - known)
            new = [channel.id for channel in channels if channel is not None and socket in channel.sockets]
            if new:
                self.push_rosters(socket, new)

    def forget(self, socket: Socket) -> None:
        self._rostered.pop(socket, None)
        self._newcomers.pop(socket, None)
        self._behind.pop(socket, None)

    def _push_news(self) -> None:
        news, self._news = self._news, {}
        by_channel: dict[int, list[int]] = defaultdict(list)
        for user_id, one in news.items():
            held_back = {s: head for s, head in one.channels.items() if not self._say_in(s, user_id, head, by_channel)}
            if held_back:
                self._news[user_id] = News(user_id, one.shown, held_back)
        by_socket: dict[Socket, list[int]] = defaultdict(list)
        for channel_id in by_channel:
            for socket in self._hub.channels[channel_id].sockets:
                if socket not in self._newcomers and not is_visit(socket.login):
                    by_socket[socket].append(channel_id)
        alike: dict[tuple[int, ...], list[Socket]] = defaultdict(list)
        for socket, channels in by_socket.items():
            alike[tuple(channels)].append(socket)
        for channels_alike, sockets in alike.items():
            seen = {user_id for channel_id in channels_alike for user_id in by_channel[channel_id]}
            states = {user_id: shapes.state_of(news[user_id].shown) for user_id in seen}
            self._write(sockets, Prepared(codec.encode(frames.Presence(users=states))))
        # What their own sockets have just read of them is what others see.
        self._chosen.update(user_id for user_id in news if self._is_hidden(user_id))

    def _say_in(self, channel_id: int, user_id: int, head: int, by_channel: dict[int, list[int]]) -> bool:
        channel = self._hub.channels.get(channel_id)
        if channel is None:
            return True
        if channel.position < head:
            # This process is behind: who has lost the channel by then may still be following.
            return False
        if channel.sockets and channel.ends.get(user_id, 0) <= head:
            by_channel[channel_id].append(user_id)
        return True

    def _push_own(self) -> None:
        chosen, self._chosen = self._chosen, set()
        for user_id in chosen & self._own.people.keys():
            sockets = [socket for socket in self._hub.sockets_of.get(user_id, ()) if not is_visit(socket.login)]
            self._write(sockets, self._own_frame(user_id))

    def _push_rosters_to_newcomers(self) -> None:
        newcomers, self._newcomers = self._newcomers, {}
        for socket, channels in newcomers.items():
            self._write_rosters(socket, channels)

    def _push_rosters_to_those_behind(self) -> None:
        behind, self._behind = self._behind, {}
        for socket, channels in behind.items():
            if not socket.is_behind:
                self._write_rosters(socket, channels)
            elif not socket.is_over:
                self._behind[socket] = channels

    # ---- frames ----

    def _roster(self, channel_id: int) -> Prepared:
        frame = self._rosters.get(channel_id)
        if frame is None:
            channel = self._hub.channels.get(channel_id)
            ends = channel.ends if channel is not None else {}
            users = {
                user_id: shapes.state_of(self._view.shown(user_id))
                for user_id in self._view.by_channel.get(channel_id, ())
                if ends.get(user_id, 0) <= self._view.people[user_id].channels[channel_id]
            }
            roster = frames.Presence(users=users, channel=channel_id, known=self._view.is_known)
            frame = self._rosters[channel_id] = Prepared(codec.encode(roster))
        return frame

    def _own_frame(self, user_id: int) -> Prepared:
        person = self._own.people[user_id]
        shown = self._view.shown(user_id).status
        # The reader is here, even when Redis has not said so.
        is_heard = shown not in (OFFLINE, UNKNOWN)
        state = frames.PersonState(shown if is_heard else person.choice.status, person.choice.activity)
        own = shapes.own_presence_of(person.choice)
        return Prepared(codec.encode(frames.Presence(users={user_id: state}, own=own)))

    def _is_own_said(self, socket: Socket, channel_ids: Sequence[int]) -> bool:
        # The rosters of these channels name the user, and `hello` said what the user has chosen.
        user_id = socket.user_id
        mine, seen = self._own.people.get(user_id), self._view.people.get(user_id)
        if mine is None:
            return True
        if not channel_ids or seen is None or self._view.shown(user_id).status in (OFFLINE, UNKNOWN):
            return False
        told = socket.login.choice.rev if isinstance(socket.login, ChatLogin) else None
        is_newest = told == mine.choice.rev == seen.choice.rev
        return is_newest and all(user_id in self._view.by_channel.get(channel_id, ()) for channel_id in channel_ids)

    def _write(self, sockets: Iterable[Socket], frame: Prepared) -> None:
        for socket in sockets:
            if not socket.write_if_idle(frame):
                self._behind[socket] = list(socket.accesses)

    def _is_hidden(self, user_id: int) -> bool:
        person = self._own.people.get(user_id)
        return person is not None and person.choice.status == INVISIBLE
