"""What is heard of people from several processes, without Redis: times are given."""

import msgspec

from presence.people import Choice, Here
from presence.places import Places, Record


def said(process: str, *records: Record, at: int) -> bytes:
    return f"{at} {process} ".encode() + msgspec.json.encode(records)


def record(user: int, *, status: str = "online", rev: int = 0, lease: int = 75, is_leaving: bool = False) -> Record:
    return Record(user, lease, is_leaving, Here(is_idle=False, channels={1: 9}), Choice(status, rev=rev))


def test_the_newest_choice_holds_whoever_speaks_last() -> None:
    places = Places()
    heard = places.take([said("b", record(7, status="invisible", rev=2), at=1), said("a", record(7, rev=1), at=2)], 3)
    assert heard[7] is not None
    assert heard[7].is_hidden
    # Where it was made nobody is left: it holds all the same.
    places.take([said("b", record(7, status="invisible", rev=2, lease=5, is_leaving=True), at=4)], 4)
    heard = places.take([], 9)
    assert heard[7] is not None
    assert (heard[7].is_hidden, len(heard[7].places)) == (True, 1)


def test_people_of_a_dead_process_end_each_when_it_last_said_them() -> None:
    places = Places()
    places.take([said("a", record(1), record(2), at=0), said("a", record(2), at=10), said("b", record(3), at=50)], 50)
    assert places.take([], 74) == {}
    assert places.take([], 75) == {1: None}
    assert places.take([], 84) == {}
    assert places.take([], 85) == {2: None}


def test_who_comes_back_in_time_stays() -> None:
    places = Places()
    places.take([said("a", record(1), at=0)], 0)
    places.take([said("a", record(1, lease=5, is_leaving=True), at=10)], 10)
    places.take([said("b", record(1), at=14)], 14)
    heard = places.take([], 15)
    assert heard[1] is not None
    assert [place.process for place in heard[1].places] == ["b"]
    assert places.take([], 20) == {}


def test_everybody_is_heard_anew_without_those_whose_time_is_over() -> None:
    places = Places()
    places.take([said("a", record(1), at=0)], 0)
    kept = [b"2", b"5 " + msgspec.json.encode(record(2)), b":beat", b"3", b"3", b"0 " + msgspec.json.encode(record(3))]
    heard = places.take_all([(b"b", kept)], 75)
    assert list(heard) == [2]
    assert list(places.take([], 80)) == [2]
