"""A query with its people and channels looked up: which channels are searched for what, and what the trigram index can find."""

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from chat.models import Member, User, UserKind
from chat.models.folded import folded
from chat.search.pieces import pieces_of
from chat.search.query import Query
from delivery.wire.errors import Invalid

#: Shorter words have too few trigrams for a typo to leave enough of them.
LEAST_TYPO_CHARACTERS = 4

#: Newest first, and a message's place in it: (created_at, id).
Place = tuple[datetime.datetime, int]


@dataclass(frozen=True)
class Asked:
    """Everything is folded. A page begins after `start`."""

    channels: list[int]
    #: Messages that were ever said there: as many as there are to look through, at most.
    said: int
    words: list[str]
    phrases: list[str]
    senders: list[int] | None
    has: set[str]
    is_: set[str]
    #: Who asks.
    user: int
    before: datetime.datetime | None
    after: datetime.datetime | None
    start: Place | None = None
    #: How alike words must be; 0: the same.
    alike: float = 0
    #: Those words and phrases that the index can find.
    indexed: list[str] = field(default_factory=list)

    @property
    def array(self) -> str:
        """The channels as PostgreSQL spells them: of very many sooner said than a list."""
        return "{" + ",".join(map(str, self.channels)) + "}"

    @property
    def typos(self) -> list[str]:
        """The words that may have been meant otherwise."""
        return [word for word in self.words if word in self.indexed and len(word) >= LEAST_TYPO_CHARACTERS]

    @cached_property
    def pieces(self) -> dict[str, list[str]]:
        """Of the common words and phrases what is enough to find them (see pieces_of)."""
        return pieces_of(self.indexed)


def resolve(user: User, query: Query) -> Asked:
    """Raises Invalid for names that the user knows nobody and nothing by."""
    told = folded([*query.words, *query.phrases])
    words = [word for word in told[: len(query.words)] if word]
    phrases = [phrase for phrase in told[len(query.words) :] if phrase]
    heads = _heads(user, query.channels)
    return Asked(
        channels=list(heads),
        said=sum(heads.values()),
        words=words,
        phrases=phrases,
        senders=_senders(user, query.senders) if query.senders else None,
        has=query.has,
        is_=query.is_,
        user=user.pk,
        before=query.before,
        after=query.after,
        indexed=_indexed([*words, *phrases]),
    )


def _heads(user: User, names: Sequence[str]) -> dict[int, int]:
    """Of each channel that is searched its head."""
    mine = Member.objects.filter(user=user).order_by("channel_id")
    heads = dict(mine.values_list("channel_id", "channel__head"))
    if not names:
        return heads
    known = list(mine.values_list("channel_id", "channel__name"))
    told = folded([*names, *(called for _, called in known)])
    found = dict(zip([pk for pk, _ in known], told[len(names) :], strict=True))
    for name, wanted in zip(names, told, strict=False):
        found = {pk: called for pk, called in found.items() if name == str(pk) or wanted == called}
        if not found:
            # The same sentence whether it does not exist or may not be seen.
            raise Invalid(f"You are in no channel called {name!r}.")
    return {pk: heads[pk] for pk in found if pk in heads}


def _senders(user: User, names: Sequence[str]) -> list[int]:
    found: set[int] | None = None
    for name in names:
        if name.lower() == "me":
            those = {user.pk}
        else:
            named = User.objects.filter(Q(username__reads=name) | Q(display_name__reads=name))
            # Customers of the support are known to those who are in their conversations, and to nobody else.
            known = ~Q(kind=UserKind.VISITOR) | Exists(
                Member.objects.filter(user=OuterRef("pk"), channel__members__user=user)
            )
            those = set(named.filter(known).values_list("pk", flat=True))
        if not those:
            raise Invalid(f"There is nobody called {name!r}.")
        found = those if found is None else found & those
    return sorted(found or ())


def _indexed(terms: Sequence[str]) -> list[str]:
    runs = {term: max(re.findall(r"[^\W_]{3,}", term), key=len, default="") for term in terms}
    foreign = [run for run in runs.values() if not run.isascii()]
    if foreign:
        # Whether letters beyond ASCII have trigrams depends on the database's LC_CTYPE.
        with connection.cursor() as cursor:
            cursor.execute("SELECT run FROM unnest(%s::text[]) AS run WHERE cardinality(show_trgm(run)) = 0", [foreign])
            without = {run for (run,) in cursor.fetchall()}
        runs = {term: run for term, run in runs.items() if run not in without}
    return [term for term, run in runs.items() if run]
