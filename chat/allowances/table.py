"""The table of all allowances: the name in Redis' keys, the limit, the window, and the sentence of the refusal.

They count by user; tries at the doors, where the user is not known yet, by address or name.
"""

from dataclasses import dataclass

from django.conf import settings

from delivery.wire.errors import RateLimited

MINUTE, HOUR = 60, 3600

#: A user's id; for a try at a door, the address or the name.
Whose = int | str


@dataclass(frozen=True, slots=True)
class Allowance:
    """An allowance: so many in every window of so many seconds. `limit`: the field of settings.LIMITS; 0 there lifts it."""

    name: str
    limit: str
    seconds: int
    sentence: str
    #: Failures and repeats are free, up to so many attempts for each allowed one; 0: without a limit.
    attempts_each: int = 0

    @property
    def most(self) -> int:
        return int(getattr(settings.LIMITS, self.limit))

    @property
    def most_attempts(self) -> int:
        return self.most * self.attempts_each

    def keys(self, whose: Whose) -> list[str]:
        return [f"gapless:{self.name}:{whose}", f"gapless:{self.name}-tried:{whose}"]

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
REACTIONS = Allowance(
    *("reacted", "reactions_per_minute", MINUTE),
    "You may react {limit} times a minute: wait {wait} s.",
    attempts_each=5,
)
PINS = Allowance(
    *("pinned", "pins_per_minute", MINUTE),
    "You may pin {limit} times a minute: wait {wait} s.",
    attempts_each=5,
)
CREATIONS = Allowance(
    *("opened", "creations_per_hour", HOUR),
    "You may open {limit} channels an hour: wait {wait} s.",
    attempts_each=5,
)
BEGINNINGS = Allowance(
    *("begun", "conversations_per_hour", HOUR),
    "You may begin {limit} conversations an hour: wait {wait} s.",
    attempts_each=5,
)
TRANSCRIPTS = Allowance(
    *("transcribed", "transcripts_per_hour", HOUR),
    "You may ask for {limit} transcripts an hour: wait {wait} s.",
    attempts_each=5,
)
JOINS = Allowance(
    *("joined", "joins_per_hour", HOUR), "You may join {limit} channels an hour: wait {wait} s.", attempts_each=5
)
SECRETS = Allowance(
    *("let-in", "secrets_per_hour", HOUR),
    "You may make {limit} tokens and invitations an hour: wait {wait} s.",
    attempts_each=5,
)
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
DESK_ACTS = Allowance(
    *("handled", "desk_acts_per_minute", MINUTE),
    "You may claim, release, snooze and resolve {limit} times a minute: wait {wait} s.",
    attempts_each=5,
)
BULK_ROWS = Allowance(
    *("moderated", "bulk_rows_per_minute", MINUTE),
    "You may moderate {limit} rows a minute: wait {wait} s.",
    attempts_each=5,
)
REPORTS = Allowance(
    *("reported", "reports_per_hour", HOUR), "You may report {limit} messages an hour: wait {wait} s.", attempts_each=5
)
PRESENCE_CHOICES = Allowance(
    *("chose", "choices_per_minute", MINUTE),
    "You may change this {limit} times a minute: wait {wait} s.",
    attempts_each=5,
)
UPLOADS = Allowance(
    *("uploaded", "uploads_per_minute", MINUTE), "You may send {limit} files a minute: wait {wait} s.", attempts_each=5
)

_TRIED = "That was tried too often: wait a while, then try once more."
#: High enough for an office behind one address that signs in on one morning.
SIGN_INS_OF_ADDRESS = Allowance("signed-in-from", "address_sign_ins_per_minute", MINUTE, _TRIED)
#: Bounds guessing at one name from one address: this does not lock the user out at other addresses.
SIGN_INS_OF_NAME = Allowance("signed-in-as", "sign_ins_per_minute", MINUTE, _TRIED)
#: Bounds all guessing at one name; addresses from which the user has signed in do not count, and are never refused by it.
STRANGE_SIGN_INS = Allowance("signed-in-elsewhere", "strange_sign_ins_per_hour", HOUR, _TRIED)
VISITS = Allowance(
    "visited-from", "address_visits_per_hour", HOUR, "Too many visits began from your address: wait {wait} s."
)
UPLOADS_OF_VISITORS = Allowance(
    "uploaded-from", "address_uploads_per_hour", HOUR, "Too many files came from your address: wait {wait} s."
)
SIGN_UPS = Allowance("signed-up-from", "address_sign_ups_per_hour", HOUR, _TRIED)
