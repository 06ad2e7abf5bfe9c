"""Everything that is counted a user, once: its name in Redis' keys, its limit, its window, and the sentence of a refusal."""

from dataclasses import dataclass

from django.conf import settings

from delivery.wire.errors import RateLimited

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many in every window of so many seconds. `limit`: the field of settings.LIMITS; 0 there lifts it."""

    name: str
    limit: str
    seconds: int
    sentence: str
    #: What fails or is repeated is free, up to so many attempts for each one that is allowed; 0: without an end.
    attempts_each: int = 0

    @property
    def most(self) -> int:
        return int(getattr(settings.LIMITS, self.limit))

    @property
    def most_attempts(self) -> int:
        return self.most * self.attempts_each

    def keys(self, user_id: int) -> list[str]:
        return [f"gapless:{self.name}:{user_id}", f"gapless:{self.name}-tried:{user_id}"]

    def refusal(self, wait: float) -> RateLimited:
        said = self.sentence.format(limit=self.most, wait=max(1, round(wait)))
        return RateLimited(said, retry_after=max(wait, 0.001), limit=self.most)


REQUESTS = Allowance(
    "asked", "requests_per_minute", MINUTE, "You may ask {limit} times a minute over HTTP: wait {wait} s."
)
MESSAGES = Allowance(
    "said", "messages_per_minute", MINUTE, "You may send {limit} messages a minute: wait {wait} s.", attempts_each=5
)
REVISIONS = Allowance(
    *("revised", "revisions_per_minute", MINUTE),
    "You may edit and delete {limit} messages a minute: wait {wait} s.",
    attempts_each=5,
)
CREATIONS = Allowance("opened", "creations_per_hour", HOUR, "You may open {limit} channels an hour: wait {wait} s.")
JOINS = Allowance("joined", "joins_per_hour", HOUR, "You may join {limit} channels an hour: wait {wait} s.")
RENAMES = Allowance(
    *("renamed", "renames_per_minute", MINUTE),
    "You may change names, topics and channels {limit} times a minute: wait {wait} s.",
    attempts_each=5,
)
MEMBERSHIPS = Allowance(
    *("admitted", "memberships_per_minute", MINUTE),
    "You may change memberships and blocks {limit} times a minute: wait {wait} s.",
    attempts_each=5,
)
BULK_ROWS = Allowance(
    *("moderated", "bulk_rows_per_minute", MINUTE),
    "You may moderate {limit} rows a minute: wait {wait} s.",
    attempts_each=5,
)
REPORTS = Allowance("reported", "reports_per_hour", HOUR, "You may report {limit} messages an hour: wait {wait} s.")
PRESENCE_CHOICES = Allowance(
    "chose", "choices_per_minute", MINUTE, "You may change this {limit} times a minute: wait {wait} s."
)
