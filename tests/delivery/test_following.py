"""Which users get a channel's changes over sockets: removed, added, outsiders."""

import pytest

from chat import services
from delivery.client.connection import CommandRefused
from tests.conftest import Cast, in_thread, said
from tests.stage.servers import Server, expect
from tests.stage.sockets import bodies, push


async def test_a_removed_member_hears_nothing_more(servers: list[Server], cast: Cast) -> None:
    async with servers[0].connect(cast.token(cast.alice)) as alice, servers[1].connect(cast.token(cast.bob)) as bob:
        await alice.post(cast.team.pk, "before")
        await expect(lambda: bodies(bob, cast.team) == ["before"])
        await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
        told = await push(bob, "channel")
        assert (told["action"], told["channel"]) == ("removed", {"id": cast.team.pk})
        await alice.post(cast.team.pk, "after")
        await expect(lambda: bodies(alice, cast.team) == ["before", "after"])
        with pytest.raises(CommandRefused, match="not_found"):
            await bob.post(cast.team.pk, "still here?")
        assert (await bob.command("ping"))["heads"] == {}
        assert bodies(bob, cast.team) == ["before"]
        assert not any(change["kind"] == "system" for change in bob.changes[cast.team.pk])


async def test_outside_a_public_channel_one_is_not_a_member(server: Server, cast: Cast) -> None:
    public = await in_thread(services.open_channel, cast.alice, name="open to all")
    async with server.connect(cast.token(cast.charlie)) as charlie:
        with pytest.raises(CommandRefused, match="not_a_member"):
            await charlie.post(public.pk, "hello?")
        await in_thread(services.join_channel, cast.charlie, channel=public.pk)
        # At once, even if this process has not heard of it yet.
        await charlie.post(public.pk, "hello!")


async def test_somebody_who_was_added_hears_what_comes_then(servers: list[Server], cast: Cast) -> None:
    async with (
        servers[0].connect(cast.token(cast.alice)) as alice,
        servers[1].connect(cast.token(cast.charlie)) as charlie,
    ):
        assert charlie.hello["channels"] == []
        await alice.post(cast.team.pk, "without charlie")
        await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.charlie)
        told = await push(charlie, "channel")
        assert told["action"] == "joined"
        assert told["channel"]["name"] == "team"
        await alice.post(cast.team.pk, "with charlie")
        await expect(lambda: bodies(charlie, cast.team) == ["with charlie"])
        assert charlie.gaps == 0


async def test_removed_and_added_again_one_gets_nothing_of_the_time_between(servers: list[Server], cast: Cast) -> None:
    async with servers[1].connect(cast.token(cast.bob)) as bob:
        held = bob.heads[cast.team.pk]
        await in_thread(services.remove_member, cast.alice, channel=cast.team.pk, user=cast.bob)
        await in_thread(said, cast.alice, cast.team, "about bob")
        await in_thread(services.add_member, cast.alice, channel=cast.team.pk, user=cast.bob)
        await expect(lambda: cast.team.pk in bob.heads and bob.heads[cast.team.pk] > held + 1)
        await in_thread(said, cast.alice, cast.team, "welcome back")
        await expect(lambda: bodies(bob, cast.team) == ["welcome back"])
    async with servers[0].connect(cast.token(cast.bob), heads=None) as bob:
        ok = await bob.sync({cast.team.pk: held})
        assert ok["channels"][str(cast.team.pk)]["resync"] is True
        assert bodies(bob, cast.team) == []


async def test_a_sync_for_a_channel_one_has_lost_says_so(server: Server, cast: Cast) -> None:
    async with server.connect(cast.token(cast.charlie), heads=None) as charlie:
        ok = await charlie.sync({cast.team.pk: 1})
        assert ok["channels"] == {}
        told = await push(charlie, "channel")
        assert (told["action"], told["channel"]) == ("removed", {"id": cast.team.pk})
