"""Searches find over all their pages what the simplest SQL finds, and nothing that is others', whatever goes on meanwhile."""

import datetime
import random
import uuid
from collections.abc import Sequence

import pytest
from django.db import connection

from chat import services
from chat.models import Channel, Member, Message, Saved, User, UserKind
from chat.search import looking, rows, search
from delivery.wire.errors import Invalid
from tests.conftest import Cast, said
from tests.stage.moments import DAY
from tests.stage.search_results import all_pages, bodies
from tests.stage.support import held_by

pytestmark = pytest.mark.django_db

WORDS = ("plan", "plant", "invoice", "rare", "a_b", "100%", "größe", "ok", "http://x")
#: What is asked, and what a message must be for it; `m` is its row.
ASKED = {
    "plan": "gapless_fold(m.body) LIKE '%%plan%%'",
    '"plan invoice"': "gapless_fold(m.body) LIKE '%%plan invoice%%'",
    "plan -rare": "gapless_fold(m.body) LIKE '%%plan%%' AND m.body LIKE '%%-rare%%'",
    "a_b": r"m.body LIKE '%%a\_b%%'",
    "ok 100%": r"m.body LIKE '%%100\%%%%' AND m.body LIKE '%%ok%%'",
    "from:bob": "m.sender_id = (SELECT id FROM users WHERE username = 'bob')",
    "from:bob rare": "m.body LIKE '%%rare%%' AND m.sender_id = (SELECT id FROM users WHERE username = 'bob')",
    "is:saved": "EXISTS (SELECT 1 FROM saved_messages s WHERE s.message_id = m.id AND s.user_id = %(user)s)",
    "has:edit grosse": "m.edited_at IS NOT NULL AND m.body LIKE '%%größe%%'",
    "has:link": "m.body LIKE '%%http://x%%'",
    "in:busy ok": "m.body LIKE '%%ok%%' AND m.channel_id = (SELECT id FROM channels WHERE name = 'busy')",
    f"before:{DAY:%Y-%m-%d} plan": f"m.body LIKE '%%plan%%' AND m.created_at < '{DAY:%Y-%m-%d}T00:00Z'",
}
SIMPLEST = """
SELECT m.id FROM messages m JOIN channel_members c ON c.channel_id = m.channel_id AND c.user_id = %(user)s
WHERE m.kind = 'text' AND m.deleted_at IS NULL AND {} ORDER BY m.created_at DESC, m.id DESC
"""


def simplest(user: User, what: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(SIMPLEST.format(ASKED[what]), {"user": user.pk})
        return [pk for (pk,) in cursor.fetchall()]


def exact(user: User, what: str) -> list[int]:
    """What is found by its words, over all pages; what only resembles them comes after it."""
    known = set(simplest(user, what))
    found = [row.pk for page in all_pages(user, what) for row in page.messages]
    assert len(found) == len(set(found)), "something was found twice"
    first = [pk for pk in found if pk in known]
    assert found[: len(first)] == first
    mine = Member.objects.filter(user=user).values("channel")
    assert Message.objects.filter(pk__in=found, channel__in=mine, deleted_at=None, kind="text").count() == len(found)
    return first


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.by_hand) for seed in range(1, 25))])
def test_over_all_pages_it_is_what_the_simplest_sql_finds(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    people = (cast.alice, cast.bob, cast.charlie)
    channels = [
        cast.team,
        services.open_channel(cast.alice, name="busy", kind="private", members=[cast.bob, cast.charlie]),
        services.open_channel(cast.charlie, name="others", kind="private"),
        services.open_channel(cast.bob, name="quiet"),
    ]
    for channel, count in zip(channels, (70, 110, 40, 3), strict=True):
        _fill(channel, people, count, chance)
    # Looks that end in the middle, of everything; sometimes the index, sometimes never.
    monkeypatch.setattr(rows, "LOOKS", chance.choice([(7, 30), (40, 90), (1, 2)]))
    monkeypatch.setattr(rows, "LOOKS_FOR_TYPOS", (30, 90))
    monkeypatch.setattr(rows, "MOST_BY_INDEX", chance.choice([0, 10_000]))
    # Sometimes first, or only, for the newest.
    monkeypatch.setattr(rows, "NEAR", chance.choice([0, 8_000]))
    monkeypatch.setattr(rows, "MOST_NEWEST", chance.choice([20, 100, 10_000]))
    monkeypatch.setattr(rows, "MOST_ENTRIES", chance.choice([0, 10_000]))
    monkeypatch.setattr(looking, "LEAST_A_CHANNEL", chance.choice([1, 20]))
    for user in people:
        for what in ASKED:
            try:
                assert exact(user, what) == simplest(user, what), (user.username, what)
            except Invalid:
                assert what.startswith("in:")
                assert not Member.objects.filter(user=user, channel__name="busy").exists()


def _fill(channel: Channel, people: Sequence[User], count: int, chance: random.Random) -> None:
    """Many of one moment, some of long ago, some deleted, edited or put aside."""
    head = 1000
    written = []
    for n in range(count):
        moment = DAY + datetime.timedelta(seconds=chance.choice([0, 0, 1, n, -86400 * n]))
        body = " ".join(chance.choices(WORDS, k=chance.randint(1, 4)))
        is_deleted, is_edited = chance.random() < 0.1, chance.random() < 0.2
        written.append(
            Message(
                client_msg_id=uuid.UUID(int=chance.getrandbits(128)),
                channel=channel,
                sender=chance.choice(people),
                body="" if is_deleted else chance.choice([body, f"-{body}"]),
                seq=head + n,
                rev=head + n,
                created_at=moment,
                edited_at=moment if is_edited else None,
                deleted_at=moment if is_deleted else None,
            )
        )
    Message.objects.bulk_create(written)
    Channel.objects.filter(pk=channel.pk).update(head=head + count)
    for user in people:
        if Member.objects.filter(user=user, channel=channel).exists():
            put_aside = chance.sample([row for row in written if row.deleted_at is None], k=min(15, count // 2))
            Saved.objects.bulk_create(Saved(user=user, message=row) for row in put_aside)


def test_what_goes_while_it_is_found_is_not_there(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for body in ("kept", "kept, but deleted", "kept, but pruned"):
        said(cast.alice, cast.team, body)
    look = rows.look

    def and_meanwhile(*asked: object, **how: object) -> looking.Look:
        found = look(*asked, **how)  # type: ignore[arg-type]
        deleted = Message.objects.filter(body="kept, but deleted").first()
        if deleted is not None:
            services.delete_message(cast.alice, channel=cast.team.pk, message=deleted.pk)
        Message.objects.filter(body="kept, but pruned").delete()
        return found

    monkeypatch.setattr(rows, "look", and_meanwhile)
    assert bodies(cast.bob, "kept") == ["kept"]


def test_who_is_a_customer_is_told_to_nobody_who_never_met_them(cast: Cast) -> None:
    held_by(cast.sam, visitor=cast.vera)
    User.objects.filter(pk=cast.vera.pk).update(kind=UserKind.VISITOR, display_name="Vera Vault")
    for name in ('"Vera Vault"', "vera"):
        with pytest.raises(Invalid, match="There is nobody called"):
            search(cast.bob, f"from:{name}")
        assert bodies(cast.sam, f"from:{name}") == ["A question"]
