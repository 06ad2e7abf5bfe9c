"""Posting: a batch of drafts in one transaction, each with its own outcome. posting.sql has the part under the locks."""

import datetime
import functools
import logging
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from django.db import transaction

from chat import clock, prepared_sql, shapes
from chat.models import Message, MessageKind
from chat.services import post_alone
from chat.services.constraints import is_unknown, refusal_for
from chat.services.conversing import listed_again
from chat.services.drafts import Draft
from chat.services.mentions import mention_query
from chat.services.post_drafts import Found, Posted, Row, found_in, parameters, post_drafts, row_of, statement
from chat.services.post_rules import refusal_to_post
from chat.services.posting_facts import ROOT, Facts, SenderStanding, standings
from chat.services.posting_files import REFUSALS
from chat.services.repeats import repeated
from chat.services.roots import change_of_root
from delivery.bus import announcing
from delivery.bus.announcements import Announcement, Change, Changed
from delivery.source import Committed
from delivery.wire.codec import encode
from delivery.wire.errors import (
    Conflict,
    NotFound,
    Refused,
)
from delivery.wire.frames import Person
from delivery.wire.types import Time, spell_time

logger = logging.getLogger("gapless.posting")


def post_messages(drafts: Sequence[Draft]) -> list[Committed | Refused]:
    """Posts all drafts in one transaction and returns the outcome of each, in order; a poison draft spoils only itself.

    For any error: drafts that can't be committed together are halved until the poison is alone.
    One row per (sender, client_msg_id), for ever: a repeat gets the first message back, with `duplicate`.
    Raises the database's error if it is away: then the outcome is unknown, and repeating is safe.
    """
    outcomes = _posted(drafts)
    later = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, _Later)]
    # By then the log has the answers of the other agents.
    posted = iter(post_messages([drafts[place] for place in later]) if later else ())
    return [next(posted) if isinstance(outcome, _Later) else outcome for outcome in outcomes]


@dataclass(slots=True)
class PostQuestion:
    """The first question of post_messages, for a caller that asks it without a thread. The rules refuse none of these drafts."""

    parameters: Sequence[bytes | None]
    _batch: "_Batch"
    _decided: list["_Outcome"]
    sql: str = field(default_factory=statement)

    def outcomes(self, row: Sequence[bytes | None]) -> list[Committed | Refused] | None:
        """The outcome of each draft; None if a remembered fact was wrong, and nothing was written."""
        found = found_in(row)
        if found.facts:
            self._batch.note(found)
        if not found.posted:
            return None
        announcing.announce(self._batch.announcements(found))
        return [outcome.answer() for outcome in self._decided if isinstance(outcome, _Fresh)]


def question_of(drafts: Sequence[Draft]) -> PostQuestion | None:
    """The question; None if the rules need more than remembered facts, or a draft is poison: then post_messages does it all."""
    batch = _Batch(drafts)
    try:
        decided = batch.decide_by_beliefs()
        # Conversations with the support need more rows.
        is_plain = all(isinstance(outcome, _Fresh) and outcome.standing.side is None for outcome in decided)
        return _asked(batch, decided) if is_plain else None
    except Exception:
        logger.exception("what is to be posted can't be asked for")
        return None


def _asked(batch: "_Batch", decided: list["_Outcome"]) -> PostQuestion:
    question = batch.question(decided)
    match decided:
        case [_Fresh(standing=standing)]:
            alone = post_alone.parameters(question["rows"][0], standing, batch.now)
            if alone is not None:
                return PostQuestion(alone, batch, decided, post_alone.STATEMENT)
    return PostQuestion(parameters(**question), batch, decided)


def _posted(drafts: Sequence[Draft]) -> list["Committed | Refused | _Later"]:
    try:
        with prepared_sql.autocommit():
            return _Batch(drafts).post()
    except Exception as error:
        if is_unknown(error):
            raise
        if len(drafts) == 1:
            return [refusal_for(error)]
        half = len(drafts) // 2
        return [*_posted(drafts[:half]), *_posted(drafts[half:])]


@dataclass(slots=True)
class _Fresh:
    """A draft that the rules do not refuse."""

    draft: Draft
    standing: SenderStanding
    raw: bytes = b""
    is_answered: bool = False

    @property
    def author(self) -> Person:
        username = self.standing.username or ""
        return Person(self.draft.sender, username, self.standing.display_name or username)

    def answer(self) -> Committed:
        """The outcome: new the first time, a duplicate for the same draft again in the same batch."""
        was_answered, self.is_answered = self.is_answered, True
        return Committed(raw=self.raw, duplicate=was_answered)


class _Later:
    """An agent's draft in a batch in which another agent answers the same conversation: its guard is checked after that answer."""


_Outcome = Committed | Refused | _Fresh | _Later


@dataclass(slots=True)
class _Batch:
    """The rules decide by remembered facts. The database posts only if they are true; else it returns the facts, for a new try."""

    drafts: Sequence[Draft]
    now: datetime.datetime = field(default_factory=clock.now)
    facts: Sequence[Facts | None] = ()
    earlier: dict[int, Message] = field(default_factory=dict)
    fresh: dict[tuple[int, uuid.UUID], _Fresh] = field(default_factory=dict)
    #: channel → the agent who answers there.
    answering: dict[int, int] = field(default_factory=dict)
    #: Files that fresh drafts have taken.
    taken: set[int] = field(default_factory=set)

    def post(self) -> list[Committed | Refused | _Later]:
        outcomes, is_true = self.decide_by_beliefs(), False
        while self.fresh or not is_true:
            found = post_drafts(**self.question(outcomes))
            self.note(found)
            if found.posted:
                transaction.on_commit(functools.partial(announcing.announce, self.announcements(found)), robust=True)
                break
            self.facts, is_true = found.facts, True
            outcomes = self._decide()
        return [outcome.answer() if isinstance(outcome, _Fresh) else outcome for outcome in outcomes]

    def decide_by_beliefs(self) -> list[_Outcome]:
        """Decides by remembered facts alone, without asking the database."""
        self.facts = [_believed(draft) for draft in self.drafts]
        return self._decide()

    def question(self, outcomes: Sequence[_Outcome]) -> dict[str, Any]:
        """The arguments of post_drafts."""
        rows = [_row(draft, outcome) for draft, outcome in zip(self.drafts, outcomes, strict=True)]
        return {
            "rows": rows,
            "channels": {draft.channel for draft in self.drafts},
            "believed": self.facts,
            "now": self.now,
        }

    def note(self, found: Found) -> None:
        for draft, fact in zip(self.drafts, found.facts, strict=not found.posted):
            standings.note(draft.channel, draft.sender, fact.standing)

    def _decide(self) -> list[_Outcome]:
        self.fresh, self.answering, self.taken = {}, {}, set()
        repeated = [facts.earlier for facts in self.facts if facts is not None and facts.earlier is not None]
        if repeated:
            self.earlier = Message.objects.for_the_wire().in_bulk(repeated)
        return [self._outcome(draft, facts) for draft, facts in zip(self.drafts, self.facts, strict=True)]

    def _outcome(self, draft: Draft, facts: Facts | None) -> _Outcome:
        if facts is None:
            # A fact is not known yet: until it is, nothing is posted.
            return NotFound()
        if facts.earlier is not None:
            return repeated(draft, self.earlier[facts.earlier], reads=facts.standing.role is not None)
        twin = self.fresh.get(draft.key)
        if twin is not None:
            return twin if twin.draft.digest == draft.digest else Conflict()
        refused = refusal_to_post(draft, facts, self.now)
        if refused is not None:
            return refused
        is_staff = facts.standing.side == "staff"
        if is_staff and self.answering.setdefault(draft.channel, draft.sender) != draft.sender:
            return _Later()
        if self.taken.intersection(draft.files):
            return REFUSALS["taken"]()
        self.taken.update(draft.files)
        fresh = self.fresh[draft.key] = _Fresh(draft, facts.standing)
        return fresh

    def announcements(self, found: Found) -> list[Announcement]:
        """The announcements to make after the commit; also encodes each message for its answer."""
        posted, lines = found.posted, found.lines
        created_at = spell_time(self.now)
        changes: dict[int, list[Change]] = defaultdict(list)
        places: dict[int, Iterator[Posted]] = {
            channel: iter(sorted((one for one in posted if one.channel == channel), key=attrgetter("seq")))
            for channel in {one.channel for one in posted}
        }
        public_names = self._public_names(posted)
        for fresh in self.fresh.values():
            draft = fresh.draft
            place = next(places[draft.channel])
            name = public_names.get(place.pk)
            sender = shapes.public_person(draft.sender, name) if name else fresh.author
            fresh.raw = _spell(draft, place, sender=sender, created_at=created_at)
            changes[draft.channel].append(Change(rev=place.seq, key=place.seq, raw=fresh.raw, said_by=draft.sender))
            if place.root is not None:
                changes[draft.channel].append(change_of_root(place.root))
        # Lines about the staff are in the desk's log, which only they read.
        authors = {fresh.draft.sender: fresh.author for fresh in self.fresh.values()}
        for line in lines:
            changes[line.channel_id].append(line.change(authors[line.sender_id], created_at))
        announcements: list[Announcement] = [
            Changed(channel_id=channel, after=those[0].rev - 1, head=those[-1].rev, changes=those)
            for channel, those in changes.items()
        ]
        return announcements + listed_again(lines)

    def _public_names(self, posted: list[Posted]) -> dict[int, str]:
        """The public names for messages in which agents answer customers."""
        answered = [one.pk for one in posted if one.channel in self.answering]
        return dict(Message.objects.filter(pk__in=answered).values_list("pk", "said_as")) if answered else {}


def _believed(draft: Draft) -> Facts | None:
    """The assumed facts: the sender's standing is as before, it is no repeat, and the answered message is in its channel."""
    standing = standings.of(draft.channel, draft.sender)
    answered = None if draft.reply_to is None else draft.channel
    root = None if draft.thread is None else ROOT
    return None if standing is None else Facts(standing, earlier=None, answered=answered, root=root)


def _row(draft: Draft, outcome: _Outcome) -> Row:
    # A copy of a fresh draft gets the same outcome, and is not posted again.
    if not isinstance(outcome, _Fresh) or outcome.draft is not draft:
        return row_of(draft, is_fresh=False, mentions=None)
    # Only senders in conversations with the support have a side.
    mentions = mention_query(draft.body, role=outcome.standing.role, is_support=outcome.standing.side is not None)
    return row_of(draft, is_fresh=True, mentions=mentions)


def _spell(draft: Draft, place: Posted, *, sender: Person, created_at: Time) -> bytes:
    message = shapes.spell_message(
        pk=place.pk,
        channel=draft.channel,
        seq=place.seq,
        rev=place.seq,
        client_msg_id=draft.client_msg_id,
        sender=sender,
        kind=MessageKind.TEXT,
        body=draft.body,
        reply_to=draft.reply_to,
        thread=draft.thread,
        also_in_channel=draft.also_in_channel,
        created_at=created_at,
        files=place.files,
        mentions=place.mentions or shapes.NOBODY,
    )
    return encode(message)
