"""Every number: one place, an override, a line of documentation, and a test that holds it at n and n + 1."""

import dataclasses
import re

import pytest

from chatproject import checks, env
from chatproject.limits import Limits
from tests.stage.fresh import setting
from tests.stage.servers import ROOT

#: Where each limit is held. A limit without a line here, or with a test that does not exist, fails.
HELD_BY = {
    "message_bytes": "test_bad_input.py::test_a_body_of_2048_bytes_is_taken",
    "frame_bytes": "test_bad_input.py::test_a_frame_has_at_most_16_kib",
    "bad_frames_per_minute": "test_bad_input.py::test_twenty_bad_frames_in_a_minute_end_the_socket",
    "frames_per_second": "test_abuse.py::test_a_flood_of_one_socket_keeps_nobody_waiting",
    "head_bytes": "test_door.py::test_a_head_has_32_kib_on_every_request_of_a_connection",
    "head_seconds": "test_door.py::test_a_head_that_does_not_end_in_time_is_told_so",
    "request_bytes": "test_door.py::test_a_request_that_is_too_large_is_refused_before_it_is_read",
    "request_seconds": "test_door.py::test_a_body_has_its_time_in_all_however_steadily_it_comes",
    "unfinished_bytes": "test_door.py::test_unfinished_bodies_hold_only_so_much_together",
    "requests_waiting": "test_crowded.py::test_so_many_requests_wait_for_a_place_and_the_next_is_sent_away",
    "requests_at_once": "test_fair.py::test_two_requests_of_a_person_are_worked_on_at_once_and_the_third_waits",
    "openings": "test_crowded.py::test_so_many_sockets_open_at_once_and_the_next_is_sent_away_for_a_while",
    "requests_per_minute": "test_rate_limits.py::test_a_person_asks_1200_times_a_minute_over_http_and_not_once_more",
    "sign_ins_per_minute": "test_sign_in.py::test_ten_tries_a_minute_for_a_name_from_an_address_and_not_one_more",
    "strange_sign_ins_per_hour": "test_sign_in.py::test_guessing_from_many_addresses_is_bounded_and_locks_nobody_out",
    "address_sign_ins_per_minute": "test_sign_in.py::test_sixty_tries_a_minute_from_an_address_for_any_names",
    "address_links_per_minute": "test_links.py::test_so_many_links_an_address_opens_in_a_minute_and_not_one_more",
    "address_sign_ups_per_hour": "test_sign_up.py::test_twenty_accounts_an_hour_from_an_address_and_not_one_more",
    "messages_per_minute": "test_rate_limits.py::test_sixty_messages_in_any_minute_and_not_one_more",
    "creations_per_hour": "test_rate_limits.py::test_five_channels_are_opened_an_hour_and_not_one_more",
    "joins_per_hour": "test_rate_limits.py::test_twenty_channels_are_joined_an_hour_and_not_one_more",
    "secrets_per_hour": "test_allowances.py::test_a_hundred_tokens_and_invitations_are_made_an_hour_and_not_one_more",
    "revisions_per_minute": "test_allowances.py::test_sixty_edits_and_deletions_a_minute_and_not_one_more",
    "renames_per_minute": "test_allowances.py::test_twenty_renames_and_topics_a_minute_and_not_one_more",
    "memberships_per_minute": "test_allowances.py::test_sixty_people_are_added_or_removed_a_minute_and_not_one_more",
    "bulk_rows_per_minute": "test_allowances.py::test_bulk_acts_have_six_hundred_rows_a_minute_and_not_one_more",
    "sockets_per_user": "test_seats.py::test_ten_sockets_a_user_and_the_idlest_goes_for_the_eleventh",
    "channels_per_user": "test_many_channels.py::test_one_person_is_in_so_many_live_channels_and_not_in_one_more",
    "archived_days": "test_many_channels.py::test_what_was_archived_long_ago_is_in_no_list_and_can_still_be_read",
    "spare_sockets": "test_seats.py::test_a_channel_has_120_sockets_and_each_of_100_members_a_place",
    "user_frames_per_second": "test_abuse.py::test_a_flood_over_several_sockets_of_a_person_is_one_flood",
    "address_requests_per_minute": "test_addresses.py::test_one_address_asks_only_so_often",
    "edit_hours": "test_verbs.py::test_a_message_can_be_edited_for_24_hours",
    "versions": "test_moderation.py::test_a_message_is_edited_a_hundred_times_and_not_once_more",
    "members": "test_verbs.py::test_a_channel_has_a_hundred_members_and_not_one_more",
    "tokens": "test_tokens.py::test_a_user_has_fifty_tokens_and_not_one_more",
    "invites": "test_invitations.py::test_a_user_has_fifty_invitations_that_stand_and_not_one_more",
    "invite_channels": "test_invitations.py::test_an_invitation_that_can_not_be_is_refused",
    "invite_uses": "test_invitations.py::test_an_invitation_that_can_not_be_is_refused",
    "invite_seconds": "test_invitations.py::test_a_user_has_fifty_invitations_that_stand_and_not_one_more",
    "invite_most_seconds": "test_invitations.py::test_an_invitation_that_can_not_be_is_refused",
    "password_link_hours": "test_password_links.py::test_a_link_holds_for_a_day_and_for_one_use",
    "heartbeat_seconds": "test_processes.py::test_a_heartbeat_comes_and_a_silent_peer_goes",
    "silent_seconds": "test_processes.py::test_a_heartbeat_comes_and_a_silent_peer_goes",
    "opening_seconds": "test_processes.py::test_without_a_sync_in_time_the_socket_is_closed",
    "lane_waiting": "test_queue.py::test_a_thousand_wait_and_the_next_is_refused",
    "commit_seconds": "test_queue.py::test_a_database_that_stands_still_is_answered_unavailable_in_time",
    "batch": "test_queue.py::test_what_waits_meanwhile_becomes_batches_of_fifty",
    "replay_changes": "test_socket.py::test_more_than_a_thousand_changes_are_not_replayed",
    "replay_hours": "test_socket.py::test_what_is_older_than_24_hours_is_not_replayed",
    "page": "test_http.py::test_history_comes_in_pages_of_twenty",
    "page_most": "test_api_paths.py::test_programs_may_ask_for_larger_pages",
    "bulk": "test_moderation_api.py::test_a_bulk_act_has_at_most_a_hundred_rows",
    "mute_minutes": "test_moderation_api.py::test_a_mute_lasts_a_year_at_most_and_can_be_lifted",
    "blocks": "test_blocks.py::test_a_thousand_people_are_blocked_and_not_one_more",
    "reports_per_hour": "test_allowances.py::test_twenty_reports_an_hour_and_not_one_more",
    "recent_messages": "test_cache.py::test_the_last_hundred_are_kept",
    "recent_active_seconds": "test_cache.py::test_an_entry_lives_an_hour_after_activity_else_a_quarter",
    "recent_idle_seconds": "test_cache.py::test_an_entry_lives_an_hour_after_activity_else_a_quarter",
    "outbox_soft_bytes": "test_hub.py::test_what_is_of_the_moment_is_dropped_for_whoever_is_behind",
    "outbox_bytes": "test_hub.py::test_a_slow_reader_is_closed_at_its_bounds",
    "outbox_total_bytes": "test_hub.py::test_too_much_unsent_to_all_closes_the_slowest_readers_first",
    "outbox_frames": "test_hub.py::test_a_slow_reader_is_closed_at_its_bounds",
    "position_check_seconds": "test_processes.py::test_changes_that_redis_did_not_carry_arrive_all_the_same",
    "position_check_deaf_seconds": "test_processes.py::test_changes_that_redis_did_not_carry_arrive_all_the_same",
    "login_check_seconds": "test_processes.py::test_a_login_that_ended_in_silence_closes_the_socket",
    "waits_per_user": "test_waits.py::test_who_waits_too_often_is_told_so",
    "receipts_seconds": "test_socket.py::test_cursors_are_confirmed_when_they_stand_in_the_rows",
    "present_seconds": "test_presence.py::test_a_killed_process_leaves_no_ghost",
    "flap_seconds": "test_presence.py::test_coming_back_within_five_seconds_is_not_noticed",
    "away_seconds": "test_presence.py::test_hello_tells_clients_when_to_say_what",
    "typing_seconds": "test_typing.py::test_a_name_is_shown_typing_for_six_seconds",
    "typing_again_seconds": "test_typing.py::test_who_goes_on_typing_is_pushed_again_every_three_seconds",
    "presence_push_seconds": "test_presence.py::test_changes_of_one_second_go_out_together",
    "presence_write_seconds": "test_presence.py::test_who_was_seen_is_written_once_a_minute",
    "activity_characters": "test_presence.py::test_an_activity_has_eighty_characters",
    "choices_per_minute": "test_allowances.py::test_twenty_choices_a_minute_and_not_one_more",
    "drain_seconds": "test_processes.py::test_a_stuck_reader_does_not_hold_up_the_end",
    "pool": "test_limits.py::test_all_pools_together_stay_under_what_the_server_takes",
    "pool_wait_seconds": "test_starting.py::test_an_unreachable_database_is_said_in_one_sentence",
    "statement_seconds": "test_limits.py::test_statements_and_locks_have_an_end",
    "lock_seconds": "test_limits.py::test_statements_and_locks_have_an_end",
    "idle_seconds": "test_limits.py::test_statements_and_locks_have_an_end",
    "server_connections": "test_limits.py::test_all_pools_together_stay_under_what_the_server_takes",
}


@pytest.mark.fast
@pytest.mark.parametrize("field", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_a_limit_is_documented_and_held_by_a_test(field: "dataclasses.Field[int]") -> None:
    assert field.metadata["unit"]
    assert field.metadata["exceeded"]
    source = (ROOT / "chatproject" / "limits.py").read_text()
    assert re.search(rf"#: .*\n    {field.name}: int", source), "a comment above it says what it is"
    file, name = HELD_BY[field.name].split("::")
    [path] = (ROOT / "tests").rglob(file)
    assert f"def {name}(" in path.read_text()


@pytest.mark.fast
def test_the_limits_are_those_of_the_design() -> None:
    limits = Limits()
    assert (limits.message_bytes, limits.frame_bytes, limits.messages_per_minute) == (2048, 16384, 60)
    assert (limits.members, limits.lane_waiting, limits.batch, limits.page) == (100, 1000, 50, 20)
    assert (limits.heartbeat_seconds, limits.silent_seconds, limits.opening_seconds) == (30, 75, 5)
    assert (limits.replay_changes, limits.replay_hours) == (1000, 24)
    assert (limits.outbox_soft_bytes, limits.outbox_bytes, limits.outbox_frames) == (65536, 1048576, 1000)
    assert (limits.pool, limits.statement_seconds, limits.idle_seconds, limits.server_connections) == (20, 5, 30, 50)


@pytest.mark.fast
def test_any_limit_can_be_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAPLESS_LIMIT_PAGE", "7")
    assert env.override(Limits(), prefix="GAPLESS_LIMIT_").page == 7
    monkeypatch.setenv("GAPLESS_LIMIT_PAGE", "many")
    with pytest.raises(env.EnvError, match="GAPLESS_LIMIT_PAGE"):
        env.override(Limits(), prefix="GAPLESS_LIMIT_")


@pytest.mark.parametrize(("workers", "pool"), [(1, 20), (2, 20), (3, 14), (4, 11)])
def test_all_pools_together_stay_under_what_the_server_takes(workers: int, pool: int) -> None:
    said = setting("DATABASE_POOL", WEB_WORKERS=str(workers), GAPLESS_LIMIT_POOL="20")
    assert said == str(pool)
    assert workers * pool < 50


@pytest.mark.fast
def test_too_many_processes_are_warned_of(settings: object) -> None:
    settings.WEB_WORKERS, settings.DATABASE_POOL = 3, 20  # type: ignore[attr-defined]
    assert [found.id for found in checks.check_pool(None)] == ["gapless.W001"]
    settings.WEB_WORKERS = 2  # type: ignore[attr-defined]
    assert checks.check_pool(None) == []


def test_statements_and_locks_have_an_end() -> None:
    options = setting("DATABASES['default']['OPTIONS']")
    assert "statement_timeout=5000" in options
    assert "lock_timeout=2000" in options
    assert "'max_idle': 30" in options


@pytest.mark.fast
def test_limits_that_the_database_keeps_can_only_be_lowered(settings: object) -> None:
    settings.LIMITS = Limits(message_bytes=2049, members=101)  # type: ignore[attr-defined]
    assert [found.id for found in checks.check_lowered_limits(None)] == ["gapless.E002", "gapless.E002"]


@pytest.mark.fast
@pytest.mark.parametrize(
    "origin", ["localhost:8000", "http://localhost:8000/", "http://localhost/path", "ws://localhost"]
)
def test_an_origin_that_no_browser_sends_is_an_error(settings: object, origin: str) -> None:
    settings.ALLOWED_ORIGINS = [origin]  # type: ignore[attr-defined]
    assert [found.id for found in checks.check_origins(None)] == ["gapless.E001"]


@pytest.mark.fast
def test_env_example_names_every_setting_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text()
    read = set(re.findall(r'env\.\w+\("([A-Z_]+)"', (ROOT / "chatproject" / "settings.py").read_text()))
    for name in read:
        assert re.search(rf"^#{name}=", example, re.MULTILINE), name
