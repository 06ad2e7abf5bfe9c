"""How often a scripted client does what, and the addresses that it uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Door(Protocol):
    """Where a client may come in: one web process, behind its proxy."""

    @property
    def name(self) -> str: ...
    @property
    def port(self) -> int: ...

    def unheard_seconds(self, moment: float) -> float:
        """How long since this moment clients and process could not hear each other, while their connections lived on."""
        ...


@dataclass(frozen=True, kw_only=True)
class Habits:
    """Seconds unless said otherwise. Shorter than a real client's, so that a scenario needs not wait for a client."""

    ping: float = 1.5
    silence: float = 4
    reply: float = 8
    backoff: float = 0.1
    backoff_most: float = 2
    delivered: float = 1
    #: Postings of a channel that may be in flight at once.
    window: int = 1
