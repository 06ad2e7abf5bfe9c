"""A process's contact with Redis: when it must tell everything again, and when a missing person counts as gone."""

from django.conf import settings


class Contact:
    """`now`: of a monotonic clock, here and in every call."""

    def __init__(self, now: float) -> None:
        self._heard_at = now
        self._beat_at = now
        #: From here on a person who is missing has gone: after Redis has forgotten, all processes get time to say whom they have.
        self._is_complete_at = now
        #: Redis did not answer the last call.
        self._is_cut_off = False

    def is_beat_due(self, now: float) -> bool:
        return now >= self._beat_at and not self._is_cut_off

    def answered(self, now: float, *, is_beat: bool, has_forgotten: bool, knows_people: bool) -> bool:
        """Redis has answered; returns whether a person who is missing in the answer has gone."""
        self._heard_at = now
        if is_beat:
            self._beat_at = now + settings.LIMITS.heartbeat_seconds
        if has_forgotten or self._is_cut_off:
            # Others have been forgotten or cut off too: they get the time to say again who is here.
            self._is_complete_at = now + (settings.LIMITS.flap_seconds if knows_people else 0)
            self._beat_at = self._beat_at if is_beat else now
            self._is_cut_off = False
        return now >= self._is_complete_at

    def lost(self, now: float) -> bool:
        """Redis has not answered; returns whether it has been silent for so long that nothing is known any more."""
        self._is_cut_off = True
        return now - self._heard_at >= settings.LIMITS.flap_seconds
