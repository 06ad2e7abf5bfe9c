"""Writes one client's events into the history, each with its client, user and connection."""

from collections.abc import Sequence

from tests.faults.history import Command, Frame, History, Linked, Shown, Silence, Synced, Told
from tests.faults.wire import Change


class Notes:
    """`connection` is counted up with every attempt to come in; `web` is where it goes."""

    def __init__(self, history: History, *, client: str, user: int) -> None:
        self.history = history
        self.client = client
        self.user = user
        self.connection = 0
        self.web = ""

    def command(
        self,
        phase: str,
        *,
        ref: int,
        channel: int,
        key: str,
        body: str,
        code: str = "",
        seq: int = 0,
        duplicate: bool = False,
    ) -> None:
        self.history.append(
            Command(
                client=self.client, user=self.user, connection=self.connection, ref=ref, phase=phase, channel=channel,
                key=key, body=body, code=code, seq=seq, duplicate=duplicate,
            )
        )  # fmt: skip

    def shown(self, channel: int, change: Change, *, live: bool) -> None:
        self.history.append(
            Shown(
                client=self.client, user=self.user, connection=self.connection, channel=channel, rev=change.rev,
                seq=change.seq, sender=int(str(change.sender["id"])), key=change.client_msg_id, body=change.body,
                kind=change.kind, live=live,
            )
        )  # fmt: skip

    def frame(self, channel: int, verdict: str, *, after: int, head: int, held: int) -> None:
        self.history.append(
            Frame(
                client=self.client, user=self.user, connection=self.connection, channel=channel, after=after, head=head,
                held=held, verdict=verdict,
            )
        )  # fmt: skip

    def link(self, what: str, code: int = 0) -> None:
        self.history.append(
            Linked(client=self.client, user=self.user, connection=self.connection, what=what, web=self.web, code=code)
        )

    def synced(self, held: dict[int, int], heads: dict[int, int], resync: Sequence[int]) -> None:
        self.history.append(
            Synced(
                client=self.client, user=self.user, connection=self.connection, held=held, heads=heads, resync=list(resync)
            )
        )  # fmt: skip

    def told(self, channel: int, action: str, *, head: int) -> None:
        self.history.append(
            Told(
                client=self.client, user=self.user, connection=self.connection, channel=channel, action=action, head=head
            )
        )  # fmt: skip

    def silence(self, ref: int, key: str, *, seconds: float) -> None:
        self.history.append(
            Silence(client=self.client, user=self.user, connection=self.connection, ref=ref, key=key, seconds=seconds)
        )
