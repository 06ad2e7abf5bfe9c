"""The broken builds: changes on purpose, to see that a scenario notices each of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults import desk_patches, edge_patches, file_patches, patches
from tests.stage.servers import ROOT

#: What posts, without a look for what was posted before.
FORGETFUL = (
    (ROOT / "chat/services/posting.sql")
    .read_text()
    .replace("FUNCTION post_drafts(", "FUNCTION post_drafts_again(")
    .replace("'earlier', earlier.id", "'earlier', NULL")
)

#: What posts, without a look for what somebody else of the staff has answered.
UNGUARDED = (
    (ROOT / "chat/services/posting.sql")
    .read_text()
    .replace("FUNCTION post_drafts(", "FUNCTION post_drafts_unguarded(")
    .replace(
        "actual := with_conversations(actual, drafts, posted_at);",
        "SELECT jsonb_agg(fact - 'overtaken_since' ORDER BY place) INTO actual FROM"
        " jsonb_array_elements(with_conversations(actual, drafts, posted_at)) WITH ORDINALITY AS draft (fact, place);",
    )
)


#: What takes files for messages, as it is, and without a look whether another message has one.
FILING = (ROOT / "chat/services/filing.sql").read_text()
GREEDY = FILING.replace("WHEN bool_or(file.taken_at IS NOT NULL) THEN 'taken'", "")


@dataclass(frozen=True, kw_only=True)
class Breakage:
    """`patch` runs in the web process; `before` and `after` are statements that let the database take part and then heal it."""

    patch: Callable[[], None] = lambda: None
    before: Sequence[str] = ()
    after: Sequence[str] = ()


BREAKAGES: dict[str, Breakage] = {
    "acknowledge before commit": Breakage(patch=patches.acknowledge_before_commit),
    "commit without waiting": Breakage(patch=patches.commit_without_waiting),
    "changes without a number": Breakage(patch=patches.changes_without_a_number),
    "no gap check": Breakage(patch=patches.no_gap_check),
    "no position check": Breakage(patch=patches.no_position_check),
    "no member check": Breakage(patch=patches.no_member_check),
    "no login check": Breakage(patch=patches.no_login_check),
    "no lane order": Breakage(patch=patches.no_lane_order),
    "no word of ended logins": Breakage(patch=patches.no_word_of_ended_logins),
    "no fallback keys": Breakage(patch=patches.no_fallback_keys),
    "no outbox cap": Breakage(patch=patches.no_outbox_cap),
    "no resync": Breakage(patch=patches.no_resync),
    "no epoch": Breakage(patch=patches.no_epoch),
    "no versions": Breakage(patch=patches.no_versions),
    "no conflicts": Breakage(patch=patches.no_conflicts),
    "one poison spoils all": Breakage(patch=patches.one_poison_spoils_all),
    "one lane for all": Breakage(patch=patches.one_lane_for_all),
    "waits for Redis": Breakage(patch=edge_patches.waits_for_redis),
    "waits for PostgreSQL": Breakage(patch=edge_patches.waits_for_postgres),
    "no goodbye": Breakage(patch=edge_patches.no_goodbye),
    "trusts the clock": Breakage(patch=edge_patches.trusts_the_clock),
    "no replay": Breakage(patch=patches.no_replay),
    "opens what is asked for": Breakage(patch=patches.opens_what_is_asked_for),
    "counts announcements": Breakage(patch=patches.counts_announcements),
    "leaves changes out": Breakage(patch=patches.leaves_changes_out),
    "ghosts stay": Breakage(patch=edge_patches.ghosts_stay),
    "keeps everything": Breakage(patch=edge_patches.keeps_everything),
    "places at a stranger's pace": Breakage(patch=edge_patches.places_at_a_strangers_pace),
    "heads without bounds": Breakage(patch=edge_patches.heads_without_bounds),
    "handshakes unanswered": Breakage(patch=edge_patches.handshakes_unanswered),
    "no descriptor kept": Breakage(patch=edge_patches.no_descriptor_kept),
    "guard without the lock": Breakage(
        patch=desk_patches.guard_without_the_lock,
        before=[UNGUARDED],
        after=["DROP FUNCTION post_drafts_unguarded"],
    ),
    "a file taken twice": Breakage(before=[GREEDY], after=[FILING]),
    "pieces anywhere": Breakage(patch=file_patches.pieces_anywhere),
    "lease by socket": Breakage(patch=desk_patches.lease_by_socket),
    "note on the customer's stream": Breakage(patch=desk_patches.note_on_the_customers_stream),
    "no seats": Breakage(
        patch=patches.no_seats,
        before=["ALTER TABLE channels DROP CONSTRAINT max_members"],
        after=[
            "DELETE FROM channel_members WHERE channel_id IN (SELECT id FROM channels WHERE member_count > 100)",
            "UPDATE channels SET member_count = 0 WHERE member_count > 100",
            "ALTER TABLE channels ADD CONSTRAINT max_members CHECK (member_count <= 100)",
        ],
    ),
    "no dedup": Breakage(
        patch=patches.no_dedup,
        before=["ALTER TABLE messages DROP CONSTRAINT messages_once", FORGETFUL],
        after=[
            "DROP FUNCTION post_drafts_again",
            "UPDATE messages SET client_msg_id = gen_random_uuid() WHERE id IN (SELECT a.id FROM messages a"
            " JOIN messages b USING (sender_id, client_msg_id) WHERE a.id > b.id)",
            "ALTER TABLE messages ADD CONSTRAINT messages_once UNIQUE (sender_id, client_msg_id)",
        ],
    ),
}
