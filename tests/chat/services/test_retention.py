"""How long a channel is kept: its own days before the installation's, a hold before both, and its members are told."""

import datetime
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import transaction

from chat import clock, services
from chat.models import AuditEntry, Channel, Conversation, Message, User
from chat.services import pruning
from chat.services.erasing.beginning import begin_erasure
from chat.services.erasing.running import continue_erasure
from chat.support.models import Inbox
from chat.support.services.erasing import erase_contact, erase_expired
from delivery.wire.errors import Conflict, Forbidden, Invalid
from tests.conftest import Cast, in_thread, said
from tests.stage.commands import run
from tests.stage.servers import Server
from tests.stage.sockets import push
from tests.stage.support import open_desk, visit

DAY = datetime.timedelta(days=1)


def bodies(channel: Channel) -> list[str]:
    return list(Message.objects.filter(channel=channel, kind="text").order_by("seq").values_list("body", flat=True))


@pytest.fixture
def talk(cast: Cast, standing_clock: datetime.datetime) -> dict[str, Channel]:
    """In each channel something of 40 days ago, of 10 days ago, and of now."""
    found = {"team": cast.team}
    for name in ("brief", "held", "kept"):
        found[name] = services.open_channel(cast.alice, name=name, members=[cast.bob])
    for days in (40, 10, 0):
        with clock.at(standing_clock - days * DAY):
            for channel in found.values():
                said(cast.alice, channel, f"{days} days ago")
    return found


def test_a_channel_has_days_of_its_own_or_none_and_on_hold_nothing_goes(talk: dict[str, Channel]) -> None:
    run("retention", str(talk["brief"].pk), "--days", "7")
    run("retention", str(talk["kept"].pk), "--days", "always")
    run("retention", str(talk["held"].pk), "--days", "7", "--hold")
    assert run("prune", "--dry-run", "--days", "30")["messages"] == 3
    assert run("prune", "--days", "30")["messages"] == 3
    assert {name: len(bodies(channel)) for name, channel in talk.items()} == {
        "team": 2,
        "brief": 1,
        "held": 3,
        "kept": 3,
    }
    run("retention", str(talk["held"].pk), "--release")
    assert run("prune")["messages"] == 2, "without RETENTION_DAYS its own days count too"
    assert run("retention", str(talk["kept"].pk), "--days", "default")["kept_days"] is None


def test_what_is_gone_is_said_and_the_log_goes_on(talk: dict[str, Channel], cast: Cast) -> None:
    brief = talk["brief"]
    before = Channel.objects.get(pk=brief.pk)
    gone = Message.objects.filter(channel=brief, kind="text").order_by("seq")[1].seq
    run("retention", str(brief.pk), "--days", "7")
    run("prune")
    after = Channel.objects.get(pk=brief.pk)
    assert (after.floor, after.head, before.floor) == (gone, before.head, 0)
    assert json.loads(said(cast.alice, brief, "on").raw)["seq"] == before.head + 1
    assert "may be gone" in _said("retention", str(brief.pk))


def test_what_was_reported_stays_below_the_floor(talk: dict[str, Channel], cast: Cast) -> None:
    old = Message.objects.filter(channel=talk["brief"], kind="text").earliest("seq")
    services.report_message(cast.bob, channel=talk["brief"].pk, message=old.pk, reason="rude")
    run("retention", str(talk["brief"].pk), "--days", "7")
    run("prune")
    assert bodies(talk["brief"]) == ["40 days ago", "0 days ago"]


def test_a_hold_that_comes_while_a_batch_is_pruned_wins(
    talk: dict[str, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = pruning.raise_floor

    def held_meanwhile(channel: int, *, to: int) -> bool:
        Channel.objects.filter(pk=channel).update(is_held=True)
        return late(channel, to=to)

    monkeypatch.setattr(pruning, "raise_floor", held_meanwhile)
    assert pruning.prune_messages(talk["brief"].pk, before=clock.now() - 7 * DAY, most=10) == 0
    assert len(bodies(talk["brief"])) == 3


def test_only_who_may_says_how_long_and_the_audit_log_has_it(cast: Cast) -> None:
    team = cast.team.pk
    with pytest.raises(Forbidden):
        services.keep_channel(cast.alice, channel=team, keeps_days=7, is_held=False, reason="x")
    for days in (1, 40_000):
        with pytest.raises(Invalid):
            services.keep_channel(cast.sam, channel=team, keeps_days=days, is_held=False, reason="x")
    for days, is_held in ((7, True), (7, True), (None, False)):
        services.keep_channel(cast.sam, channel=team, keeps_days=days, is_held=is_held, reason="The law.")
    lines = AuditEntry.objects.filter(channel=team).order_by("pk").values_list("act", "details", "reason")
    assert list(lines) == [
        ("channel.kept", {"from": None, "to": 7}, "The law."),
        ("channel.held", {}, "The law."),
        ("channel.kept", {"from": 7, "to": None}, "The law."),
        ("channel.released", {}, "The law."),
    ]
    for wrong in ("0", "x", "1"):
        with pytest.raises(CommandError):
            call_command("retention", str(team), "--days", wrong)
    with pytest.raises(CommandError, match="no channel 0"):
        call_command("retention", "0")


async def test_members_are_told_the_days_and_the_floor_and_nothing_of_a_hold(cast: Cast, server: Server) -> None:
    old = await in_thread(_old_message, cast)
    async with server.connect(cast.token(cast.bob)) as bob:
        await in_thread(services.keep_channel, cast.sam, channel=cast.team.pk, keeps_days=7, is_held=False, reason="x")
        channel = (await push(bob, "channel"))["channel"]
        assert (channel["kept_days"], "floor" in channel) == (7, False)
        await in_thread(run, "prune")
        channel = (await push(bob, "channel"))["channel"]
        assert (channel["kept_days"], channel["floor"]) == (7, old)
    await in_thread(services.keep_channel, cast.sam, channel=cast.team.pk, keeps_days=7, is_held=True, reason="x")
    async with server.connect(cast.token(cast.bob)) as again:
        [team] = again.hello["channels"]
        assert (team["kept_days"], team["floor"]) == (7, old)
        assert "held" not in json.dumps(again.hello)
    with server.http(cast.token(cast.bob)) as http:
        assert http.get(f"/channels/{cast.team.pk}/").json()["floor"] == old


def _old_message(cast: Cast) -> int:
    said(cast.alice, cast.team, "old")
    row = Message.objects.filter(channel=cast.team).latest("seq")
    Message.objects.filter(channel=cast.team, seq__lte=row.seq).update(created_at=clock.now() - 30 * DAY)
    return row.seq


def test_who_is_erased_is_not_silenced_in_a_channel_on_hold(talk: dict[str, Channel], cast: Cast) -> None:
    services.keep_channel(None, channel=talk["held"].pk, keeps_days=None, is_held=True, reason="x")
    with transaction.atomic():
        begin_erasure(None, user=cast.alice.pk, keeps_messages=False, reason="x")
        while continue_erasure(cast.alice.pk):
            pass
    assert set(bodies(talk["held"])) == {"40 days ago", "10 days ago", "0 days ago"}
    assert set(bodies(talk["kept"])) == {""}


def test_conversations_on_hold_are_not_erased_and_are_once_it_ends(
    cast: Cast, standing_clock: datetime.datetime
) -> None:
    with transaction.atomic():
        desk = open_desk()
        held, other = (visit(desk.inbox, name).begin() for name in ("Vera", "Vito"))
        for conversation in (held, other):
            Conversation.objects.filter(pk=conversation.pk).update(
                state="resolved", resolved_at=clock.now(), waiting_since=None
            )
        Inbox.objects.update(keeps_days=30)
        services.keep_channel(None, channel=held.pk, keeps_days=None, is_held=True, reason="x")
        with pytest.raises(Conflict, match="on hold"):
            erase_contact(desk.sue, visitor=held.visitor_id, reason="x")
        with clock.at(standing_clock + 31 * DAY):
            assert erase_expired() == 1
            assert Message.objects.filter(channel=held.pk).exists()
            services.keep_channel(None, channel=held.pk, keeps_days=None, is_held=False, reason="x")
            assert (erase_expired(), erase_expired()) == (1, 0)
        assert not Message.objects.filter(channel=held.pk).exists()
        assert User.objects.get(pk=desk.sue.pk).is_active


def _said(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()
