"""The unread counts of many members whose cursors move at once."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from chat import prepared_sql
from chat.reads.unread import MOST_UNREAD, NONE, Count, ReadMark, count_all

pytestmark = pytest.mark.fast


class Looked(list[int]):
    """Knows how many of its members were looked at."""

    looks = 0

    def __iter__(self) -> Iterator[int]:
        self.looks += len(self)
        return super().__iter__()

    def __reversed__(self) -> Iterator[int]:
        self.looks += len(self)
        return super().__reversed__()

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self.looks += len(found) if isinstance(found, list) else 1
        return found


def test_of_many_people_each_message_is_looked_at_once_and_counts_for_who_did_not_say_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = random.Random(3)
    seqs = sorted(chance.sample(range(1, 4000), 1900))
    seqs.reverse()
    senders = Looked(chance.randrange(100) for _ in seqs)
    said = list(zip(seqs, list(senders), strict=True))
    senders.looks = 0
    marks = [ReadMark(channel=1, user=user, read=chance.randrange(4000), head=4000) for user in range(100)]
    marks.append(ReadMark(channel=2, user=5, read=0, head=7))
    blocked = {user: sorted({*chance.sample(range(200), user)} - {user}) for user in range(0, 100, 10)}

    def answered(*asked: Any) -> list[Any]:
        mentioned = [(mark.channel, mark.user, mark.user % 3) for mark in marks]
        return [[(1, seqs, senders), (2, None, None)], mentioned, list(blocked.items())]

    monkeypatch.setattr(prepared_sql, "pipeline", answered)
    found = count_all(marks)
    for mark in marks[:-1]:
        unheard = {mark.user, *blocked.get(mark.user, ())}
        above = [sender for seq, sender in said if seq > mark.read and sender not in unheard]
        assert found[1, mark.user] == Count(min(MOST_UNREAD, len(above)), mark.user % 3)
    assert found[2, 5] == Count(0, 2)
    assert senders.looks == len(senders)


def test_people_who_have_read_everything_need_no_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def noted(*statements: Any) -> list[list[tuple[Any, ...]]]:
        asked.append([parameters[-1] for _, parameters in statements])
        return [[(1, [7], [3])], [(1, 2, 0)], []]

    monkeypatch.setattr(prepared_sql, "pipeline", noted)
    read = [ReadMark(channel=1, user=user, read=7, head=7) for user in (3, 4)]
    assert count_all(read) == {(1, 3): NONE, (1, 4): NONE}
    assert asked == []
    counts = count_all([*read, ReadMark(channel=1, user=2, read=6, head=7)])
    assert counts == {(1, 3): NONE, (1, 4): NONE, (1, 2): Count(1, 0)}
    assert [parameters[-1] for parameters in asked] == [[2]]
