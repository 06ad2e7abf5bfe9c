"""One draft that can't be committed costs no other draft of its batch, whatever error it raises and at any door."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from chat import services
from chat.models import Channel, Message, User
from chat.services import Draft, posting
from delivery.source import Committed
from delivery.wire import errors
from tests.conftest import Cast, in_thread
from tests.stage.servers import Server

#: Past the checks of the doors, as a mistake of ours would let them through.
POISON: dict[str, dict[str, Any]] = {
    "an id that is no number": {"client_msg_id": uuid.UUID(int=True)},
    "an id that is no id": {"client_msg_id": "true"},
    "half a surrogate pair": {"body": "\ud800"},
    "NUL": {"body": "a\x00b"},
    "too many bytes": {"body": "x" * 2049},
    "an answer to a number that no column holds": {"reply_to": 2**70},
    "a channel that no column holds": {"channel": 2**70},
    "a sender that no column holds": {"sender": 2**70},
    "a body that is none": {"body": None},
}


def draft(user: User, team: Channel, **fields: Any) -> Draft:
    given = {"channel": team.pk, "sender": user.pk, "client_msg_id": uuid.uuid4(), "body": "hello", **fields}
    return Draft(**given)


def bodies(channel: Channel) -> list[str]:
    return list(Message.objects.filter(channel=channel, kind="text").order_by("seq").values_list("body", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_poison_fails_alone(cast: Cast, poison: dict[str, Any]) -> None:
    good = [draft((cast.alice, cast.bob)[n % 2], cast.team, body=f"{n}") for n in range(9)]
    outcomes = services.post_messages([*good[:4], draft(cast.bob, cast.team, **poison), *good[4:]])
    assert isinstance(outcomes.pop(4), errors.Refused)
    assert all(isinstance(outcome, Committed) for outcome in outcomes)
    assert bodies(cast.team) == [f"{n}" for n in range(9)]


@pytest.mark.django_db
def test_28_poison_drafts_among_200_of_several_people_fail_alone(cast: Cast) -> None:
    people = [cast.alice, cast.bob, *(services.create_user(f"p{n}") for n in range(4))]
    for user in people[2:]:
        services.add_member(cast.alice, channel=cast.team.pk, user=user)
    kinds = list(POISON.values())
    poisoned = [n for n in range(196) if n % 7 == 3]
    drafts = [draft(people[n % 6], cast.team, body=f"{n}") for n in range(200)]
    for n in poisoned:
        drafts[n] = draft(cast.bob, cast.team, **kinds[n % len(kinds)])
    outcomes: list[Any] = []
    for start in range(0, 200, 50):
        outcomes += services.post_messages(drafts[start : start + 50])
    refused = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, errors.Refused)]
    assert (refused, len(refused)) == (poisoned, 28)
    assert bodies(cast.team) == [f"{n}" for n in range(200) if n not in refused]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_of_a_database_that_is_away_nothing_is_known(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tries: list[int] = []

    def fail(batch: Any) -> Sequence[Any]:
        tries.append(len(batch.drafts))
        raise error

    monkeypatch.setattr(posting._Batch, "post", fail)
    with pytest.raises(type(error)):
        services.post_messages([draft(cast.alice, cast.team) for _ in range(5)])
    assert tries == [5], "it is not asked again draft by draft"


async def test_one_members_poison_over_http_costs_the_others_nothing(processes: list[Server], cast: Cast) -> None:
    server = processes[0]
    http = server.http(cast.token(cast.bob))
    path = f"/channels/{cast.team.pk}/messages/"

    def poison() -> list[tuple[int, str]]:
        answers = [http.post(path, json={"client_msg_id": True, "body": "poison"}) for _ in range(28)]
        return [(answer.status_code, answer.json()["code"]) for answer in answers]

    async with server.connect(cast.token(cast.alice)) as alice:
        posts = [alice.post(cast.team.pk, f"{n}") for n in range(50)]
        poisoned, *said = await asyncio.gather(in_thread(poison), *posts)
    assert poisoned == [(400, "invalid")] * 28
    assert not any(ok["duplicate"] for ok in said)
    assert await in_thread(bodies, cast.team) == [f"{n}" for n in range(50)]
