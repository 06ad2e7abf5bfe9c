"""What is heard about people from several processes, without Redis: times are given, in seconds."""

from collections.abc import Sequence

from presence.everyone import Everyone, News
from presence.people import Choice
from presence.records import Batch, Diff, Here, Kept, Record

SECOND = 1_000_000


def everyone() -> Everyone:
    found = Everyone(flap_seconds=5)
    found.is_known = True
    return found


def record(user: int, *, status: str = "online", rev: int = 0, lease: int = 75, is_leaving: bool = False) -> Record:
    here = Here(is_idle=False, channels={1: 9})
    return Record(user, lease * SECOND, is_leaving, here, Choice(status, rev=rev))


def said(process: str, *records: Record, at: int) -> Batch:
    return Batch(process, at * SECOND, records=records)


def changed(process: str, diff: Diff, *, at: int) -> Batch:
    return Batch(process, at * SECOND, diff=diff)


def told(news: Sequence[News]) -> dict[int, str]:
    return {one.user_id: one.shown.status for one in news}


def taken(people: Everyone, *batches: Batch, at: int) -> dict[int, str]:
    return told(people.take(batches, at * SECOND))


def test_the_newest_choice_holds_whichever_process_speaks_last() -> None:
    people = everyone()
    batches = said("b", record(7, status="invisible", rev=2), at=1), said("a", record(7, rev=1), at=2)
    people.take(batches, 3 * SECOND)
    assert people.people[7].is_hidden
    # Where it was made nobody is left: it holds all the same.
    people.take([changed("b", Diff(left=[7]), at=4)], 4 * SECOND)
    people.take([], 9 * SECOND)
    assert people.people[7].is_hidden
    assert [place.process for place in people.people[7].places] == ["a"]


def test_people_of_a_dead_process_end_each_when_it_last_said_them() -> None:
    people = everyone()
    batches = said("a", record(1), record(2), at=0), said("a", record(2), at=10), said("b", record(3), at=50)
    people.take(batches, 50 * SECOND)
    assert taken(people, at=74) == {}
    assert taken(people, at=75) == {1: "offline"}
    assert taken(people, at=84) == {}
    assert taken(people, at=85) == {2: "offline"}
    assert list(people.people) == [3]


def test_who_comes_back_in_time_stays() -> None:
    people = everyone()
    people.take([said("a", record(1), at=0)], 0)
    assert taken(people, changed("a", Diff(left=[1]), at=10), at=10) == {}
    assert taken(people, said("b", record(1), at=14), at=14) == {}
    assert taken(people, at=15) == {}
    assert [place.process for place in people.people[1].places] == ["b"]
    assert taken(people, at=20) == {}
    # In the same process, too.
    assert taken(people, changed("b", Diff(left=[1]), at=30), at=30) == {}
    assert taken(people, said("b", record(1), at=34), at=34) == {}
    assert taken(people, at=40) == {}


def test_of_the_release_before_leaving_is_a_record() -> None:
    people = everyone()
    people.take([said("a", record(1), at=0)], 0)
    assert taken(people, said("a", record(1, lease=5, is_leaving=True), at=10), at=10) == {}
    assert taken(people, at=15) == {1: "offline"}


def test_a_person_is_away_when_all_places_are_idle_and_it_is_said_at_the_number_known_there() -> None:
    people = everyone()
    people.take([said("a", record(1), record(2), at=0), said("b", record(1), at=0)], 0)
    assert taken(people, changed("a", Diff(idle=[1, 2, 3]), at=1), at=1) == {2: "away"}
    [news] = people.take([changed("b", Diff(idle=[1], heads={1: 30, 2: 8}), at=2)], 2 * SECOND)
    assert (news.shown.status, news.channels) == ("away", {1: 30})
    assert taken(people, changed("a", Diff(active=[1], heads={1: 31}), at=3), at=3) == {1: "online"}
    assert taken(people, changed("a", Diff(active=[1]), at=4), at=4) == {}


def test_what_invisible_people_do_is_not_told() -> None:
    people = everyone()
    people.take([said("a", record(1, status="invisible", rev=1), at=0)], 0)
    assert taken(people, changed("a", Diff(idle=[1]), at=1), at=1) == {}
    assert taken(people, changed("a", Diff(left=[1]), at=2), at=2) == {}
    assert taken(people, at=7) == {}
    assert people.people == {}


def kept(user: int, *, at: int, mark: str = "", marked_at: int = 0) -> Kept:
    return Kept("b", at * SECOND, record(user), marked_at * SECOND, mark)


def test_everybody_is_heard_anew_without_those_whose_time_is_over() -> None:
    people = everyone()
    people.take([said("a", record(1), at=0)], 0)
    news = people.take_everybody([kept(2, at=5), kept(3, at=0)], 75 * SECOND, is_complete=True)
    assert told(news) == {2: "online", 1: "offline"}
    assert list(people.people) == [2]
    assert taken(people, at=80) == {2: "offline"}


def test_everybody_is_heard_as_the_diffs_since_have_left_them() -> None:
    people = everyone()
    everybody = [
        kept(1, at=5, mark="i", marked_at=6),
        kept(2, at=5, mark="a", marked_at=6),
        kept(3, at=5, mark="l", marked_at=6),
        kept(4, at=5, mark="l", marked_at=4),
    ]
    news = people.take_everybody(everybody, 7 * SECOND, is_complete=True)
    assert told(news) == {1: "away", 2: "online", 3: "online", 4: "online"}
    assert taken(people, at=11) == {3: "offline"}
    # Too late to be here at all.
    late = everyone()
    late.take_everybody(everybody, 11 * SECOND, is_complete=True)
    assert list(late.people) == [1, 2, 4]


def test_people_who_are_missing_stay_as_long_as_not_everybody_has_been_heard() -> None:
    people = everyone()
    people.take([said("a", record(1), at=0)], 0)
    assert told(people.take_everybody([kept(2, at=5)], 6 * SECOND, is_complete=False)) == {2: "online"}
    assert set(people.people) == {1, 2}
    assert told(people.take_everybody([kept(2, at=5)], 12 * SECOND, is_complete=True)) == {1: "offline"}
