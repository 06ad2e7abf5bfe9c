"""The checker itself, on histories written by hand: it is silent about good ones, and names what is wrong with bad ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.histories_by_hand import (
    ALICE,
    BOB,
    GOOD,
    TEAM,
    final,
    invoke,
    joined,
    kinds,
    ok,
    removed,
    report_of,
    rows_with,
    shown,
    text,
)
from tests.faults.history import (
    Command,
    Event,
    Faulted,
    Fetched,
    Frame,
    Given,
    History,
    Linked,
    Revoked,
    Silence,
    Synced,
    Told,
)
from tests.faults.recovery import recoveries

pytestmark = pytest.mark.fast


def test_a_good_history_has_no_findings() -> None:
    report = report_of(*GOOD)
    assert not report.findings, str(report)
    assert (report.counts["ok"], report.counts["shown live"], report.counts["rows"]) == (2, 2, 4)


def test_an_unknown_outcome_that_was_repeated_and_is_a_duplicate_is_good() -> None:
    unknown = replace(invoke(3, at=1.5), phase="unknown", code="closed")
    again = [invoke(3, at=2, ref=9, connection=2), replace(ok(3, at=3, ref=9, connection=2), duplicate=True)]
    assert not report_of(
        invoke(3, at=1), unknown, *again, shown(3), invoke(4, at=4), ok(4, at=5), shown(4), final(3, 4)
    ).findings


def test_an_unknown_outcome_that_never_became_a_row_is_no_loss() -> None:
    assert not report_of(*GOOD, invoke(9, at=5), replace(invoke(9, at=6), phase="unknown", code="closed")).findings


def test_what_history_told_and_what_is_pushed_afterwards_is_shown_once() -> None:
    assert not report_of(shown(3, live=False), shown(4, live=False), final(3, 4)).findings


def test_an_edited_message_is_shown_with_its_newest_change() -> None:
    rows = rows_with(joined(1, ALICE), joined(2, BOB), text(3, rev=5, body="edited"), text(4))
    view = replace(final(4, head=5), views={TEAM: {3: (5, "edited"), 4: (4, "say 4")}})
    assert not report_of(shown(3), shown(4), shown(3, rev=5), view, rows=rows).findings
    assert kinds(report_of(shown(3), shown(4), replace(view, views=final(3, 4).views), rows=rows)) == {"lost"}


def test_lost_acknowledged_but_not_a_row() -> None:
    assert kinds(report_of(*GOOD, invoke(5, at=5), ok(5, at=6))) == {"lost"}


def test_lost_acknowledged_at_another_place() -> None:
    assert kinds(report_of(*[replace(e, seq=7) if isinstance(e, Command) and e.seq == 4 else e for e in GOOD])) == {
        "lost"
    }


def test_lost_never_shown_to_a_member() -> None:
    report = report_of(*GOOD[:-2], final(3))
    assert kinds(report) == {"lost"}
    assert "never shown to bob" in report.findings[0].sentence
    assert "say 4" in report.findings[0].evidence[0]


def test_lost_another_body() -> None:
    changed = replace(final(3, 4), views={TEAM: {3: (3, "say 3"), 4: (4, "something else")}})
    assert kinds(report_of(*GOOD[:-1], changed)) == {"lost"}


def test_lost_a_member_who_does_not_follow() -> None:
    assert kinds(report_of(*GOOD[:-1], replace(final(3, 4), held={}))) == {"lost"}


def test_lost_a_head_that_is_not_held() -> None:
    assert "lost" in kinds(report_of(*GOOD[:-1], final(3, 4, head=3)))


def test_who_needs_not_be_whole_may_know_less() -> None:
    assert not report_of(*GOOD[:-2], final(3, is_whole=False)).findings


def test_what_was_before_the_start_needs_not_be_known() -> None:
    assert not report_of(shown(4), replace(final(4), starts={TEAM: 3})).findings


def test_twice_two_rows_of_one_id() -> None:
    assert "twice" in kinds(report_of(rows=rows_with(joined(1, ALICE), text(2), text(3, key="k2"), members=(ALICE,))))


def test_twice_one_change_pushed_two_times() -> None:
    assert kinds(report_of(shown(3), shown(3), shown(4), final(3, 4))) == {"twice"}


def test_twice_one_message_at_two_places() -> None:
    rows = rows_with(joined(1, ALICE), joined(2, BOB), text(3), text(4, key="k3"))
    report = report_of(shown(3), replace(shown(4), key="k3"), final(3, 4), rows=rows)
    assert any("two places" in finding.sentence for finding in report.of("twice"))


def test_order_a_later_change_shown_first() -> None:
    assert kinds(report_of(shown(4), shown(3), final(3, 4))) == {"order"}


def test_order_sent_after_an_ok_and_standing_before_it() -> None:
    swapped = [invoke(4, at=1), ok(4, at=2), invoke(3, at=3), ok(3, at=4)]
    assert kinds(report_of(*swapped)) == {"order"}


def test_order_of_those_in_flight_together_is_the_order_of_sending() -> None:
    together = [invoke(4, at=1, ref=1), invoke(3, at=1.1, ref=2), ok(4, at=2, ref=1), ok(3, at=2, ref=2)]
    assert kinds(report_of(*together)) == {"order"}


def test_order_of_what_had_to_be_repeated_is_free_among_those_in_flight_together() -> None:
    first = [
        invoke(4, at=1, ref=1),
        invoke(3, at=1.1, ref=2),
        replace(invoke(4, at=2, ref=1), phase="unknown", code="closed"),
    ]
    assert not report_of(
        *first, ok(3, at=2, ref=2), invoke(4, at=3, ref=9, connection=2), ok(4, at=4, ref=9, connection=2)
    ).findings


def test_gap_a_number_without_a_row() -> None:
    assert kinds(report_of(rows=rows_with(joined(1, ALICE), text(3), members=(ALICE,)))) == {"gap"}


def test_gap_a_head_that_is_not_the_last_change() -> None:
    assert kinds(report_of(rows=rows_with(joined(1, ALICE), text(2), head=3, members=(ALICE,)))) == {"gap"}


GAP = Frame(client="bob", user=BOB, connection=1, channel=TEAM, after=3, head=4, held=2, verdict="gap")
REPAIR = Synced(client="bob", user=BOB, connection=1, held={TEAM: 2}, heads={TEAM: 4}, resync=[])


def test_gap_that_is_never_repaired() -> None:
    assert kinds(report_of(GAP)) == {"gap"}
    assert kinds(report_of(GAP, replace(REPAIR, connection=2))) == {"gap"}


@pytest.mark.parametrize(
    "end",
    [
        REPAIR,
        Linked(client="bob", user=BOB, connection=1, what="closed", web="web0"),
        Told(client="bob", user=BOB, connection=1, channel=TEAM, action="removed"),
    ],
)
def test_a_gap_ends_with_a_repair_or_with_what_it_was_in(end: Event) -> None:
    assert not report_of(GAP, end).findings


def test_gap_a_head_from_the_future_that_was_taken_for_good() -> None:
    ahead = replace(REPAIR, held={TEAM: 99})
    assert kinds(report_of(ahead)) == {"gap"}
    assert not report_of(replace(ahead, resync=[TEAM])).findings


REMOVAL = rows_with(joined(1, ALICE), joined(2, BOB), text(3), removed(4, BOB), text(5), members=(ALICE,))


def test_a_removed_member_may_have_seen_what_was_before() -> None:
    assert not report_of(shown(3), rows=REMOVAL).findings


@pytest.mark.parametrize("seq", [4, 5])
def test_leak_the_removal_itself_and_what_follows(seq: int) -> None:
    assert kinds(report_of(shown(3), shown(seq), rows=REMOVAL)) == {"leak"}


def test_leak_only_between_two_memberships() -> None:
    rows = rows_with(*REMOVAL.messages, joined(6, BOB), text(7))
    assert not report_of(shown(3), shown(6), shown(7), rows=rows).findings
    assert kinds(report_of(shown(3), shown(5), shown(7), rows=rows)) == {"leak"}


def test_leak_a_frame_of_a_channel_that_is_not_followed() -> None:
    assert kinds(report_of(replace(GAP, verdict="unfollowed"))) == {"leak"}


def test_leak_somebody_still_follows_at_the_end() -> None:
    assert "leak" in kinds(report_of(final(3, head=5), rows=REMOVAL))


def test_leak_a_message_of_somebody_who_is_no_member() -> None:
    assert kinds(report_of(rows=rows_with(joined(1, ALICE), text(2, sender=BOB), members=(ALICE,)))) == {"leak"}


def test_leak_after_the_login_has_ended() -> None:
    assert not report_of(Revoked(at=0, user=BOB), *GOOD).findings
    assert kinds(report_of(Revoked(at=0, user=BOB), *GOOD, revoked_seconds=3)) == {"leak"}
    assert kinds(report_of(Revoked(at=0, user=BOB, client="bob", seconds=3), *GOOD)) == {"leak"}
    assert not report_of(Revoked(at=0, user=BOB, client="bob's browser", seconds=3), *GOOD).findings


@pytest.mark.parametrize(("what", "code"), [("refused", 403), ("closed", 4500)])
def test_untrue_sent_away_for_good_with_a_login_that_holds(what: str, code: int) -> None:
    refused = Linked(client="bob", user=BOB, connection=2, what=what, web="web0", code=code)
    assert kinds(report_of(*GOOD, refused)) == {"untrue"}
    assert not report_of(*GOOD, replace(refused, code=503)).findings
    assert not report_of(*GOOD, Revoked(at=9, user=BOB), refused).findings


def test_silence_is_a_finding() -> None:
    assert kinds(report_of(Silence(client="a", user=1, connection=1, ref=1, key="k", seconds=9))) == {"silent"}


def test_recovery_is_counted_from_the_fault() -> None:
    history = History(
        [
            invoke(3, at=9), Faulted(at=10, name="kill", target="web0", phase="begin"),
            Linked(at=10.5, client="bob", user=BOB, connection=1, what="closed", web="web0"),
            ok(3, at=11), Faulted(at=12, name="kill", target="web0", phase="end"),
            Linked(at=13, client="bob", user=BOB, connection=2, what="synced", web="web1"),
            shown(3, at=14), invoke(4, at=11.5), ok(4, at=15),
        ]
    )  # fmt: skip
    [recovery] = recoveries(history)
    assert (recovery.seconds, recovery.first_ok, recovery.caught_up, recovery.back) == (2, 3, 2, 3)
    assert (recovery.slowest, recovery.answer) == (3, 3.5)


def test_a_history_survives_being_written_down(tmp_path: Path) -> None:
    history = History([*GOOD, GAP, REPAIR])
    history.save(tmp_path / "history.jsonl")
    assert History.load(tmp_path / "history.jsonl") == history


# ---- files ----

WITH_FILE = rows_with(joined(1, ALICE), joined(2, BOB), replace(text(3), files=(7,)), text(4))
FILE_GONE = rows_with(joined(1, ALICE), joined(2, BOB), replace(text(3), is_deleted=True), text(4))
GIVEN = Given(user=ALICE, channel=TEAM, key="k3", file=7, digest="abc")


def fetched(user: int, status: int = 200, digest: str = "abc") -> Fetched:
    return Fetched(user=user, file=7, status=status, digest=digest)


def test_a_file_that_members_read_whole_and_others_not_at_all_is_good() -> None:
    good = [GIVEN, *GOOD, fetched(ALICE), fetched(BOB), fetched(99, 404, "")]
    assert not report_of(*good, rows=WITH_FILE).findings


def test_lost_a_file_that_its_message_does_not_have_or_with_other_bytes_or_not_for_a_member() -> None:
    assert kinds(report_of(GIVEN, *GOOD)) == {"lost"}
    for wrong in (fetched(BOB, digest="other"), fetched(BOB, 404, "")):
        assert kinds(report_of(GIVEN, *GOOD, wrong, rows=WITH_FILE)) == {"lost"}


def test_twice_a_file_of_two_messages() -> None:
    twins = replace(WITH_FILE, messages=[*WITH_FILE.messages[:-1], replace(text(4), files=(7,))])
    assert kinds(report_of(GIVEN, *GOOD, rows=twins)) == {"twice"}


def test_leaked_a_file_to_a_stranger_or_after_its_message_has_gone() -> None:
    assert kinds(report_of(GIVEN, *GOOD, fetched(99), rows=WITH_FILE)) == {"leak"}
    for user in (ALICE, BOB):
        assert kinds(report_of(GIVEN, *GOOD, fetched(user), rows=FILE_GONE)) == {"leak"}


def test_a_file_that_has_gone_with_its_message_is_no_loss_swept_away_or_not() -> None:
    refused = replace(GIVEN, key="k8", channel=TEAM + 1)
    gone = [fetched(user, 404, "") for user in (ALICE, BOB, 99)]
    for given in ([GIVEN, refused], [refused, GIVEN]):
        assert not report_of(*given, *GOOD, *gone, rows=FILE_GONE).findings


def test_a_file_that_no_message_took_is_its_givers_alone() -> None:
    refused = replace(GIVEN, key="k8")
    assert not report_of(refused, *GOOD, fetched(ALICE), fetched(BOB, 404, "")).findings
    assert kinds(report_of(refused, *GOOD, fetched(ALICE, 404, ""))) == {"lost"}
    assert kinds(report_of(refused, *GOOD, fetched(BOB))) == {"leak"}
