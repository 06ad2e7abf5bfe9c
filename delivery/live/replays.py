"""The number of changes that a sync replayed, computed from its answer."""

from collections.abc import Mapping

from delivery import metrics
from delivery.wire.frames import SyncState


def replayed(states: Mapping[int, SyncState], *, held: Mapping[int, int]) -> int:
    """At most how many changes the sync replayed."""
    caught_up = {
        channel_id: state.head for channel_id, state in states.items() if held.get(channel_id) and not state.resync
    }
    return sum(head - held[channel_id] for channel_id, head in caught_up.items())


def count_replayed(states: Mapping[int, SyncState], *, held: Mapping[int, int]) -> None:
    """Adds a channel's replay to the metrics."""
    nothing_missed = 0
    for channel_id, state in states.items():
        if state.resync:
            metrics.resyncs.inc()
        elif state.head == held[channel_id] != 0:
            nothing_missed += 1
        elif held[channel_id]:
            metrics.replay_changes.observe(state.head - held[channel_id])
    metrics.observe_zeros(metrics.replay_changes, nothing_missed)
