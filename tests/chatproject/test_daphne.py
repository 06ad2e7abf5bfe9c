"""`manage.py runserver` is daphne: the same conversation, without the production server's help."""

from collections.abc import Callable

import pytest

from delivery.client.connection import CommandRefused
from tests.conftest import Cast, in_thread, said
from tests.stage.ports import free_port
from tests.stage.servers import Server, expect
from tests.stage.sockets import push


@pytest.fixture
def daphne(own_server: Callable[..., Server]) -> Server:
    port = free_port()
    return own_server(arguments=("runserver", "--noreload", f"localhost:{port}"), port=port)


async def test_the_same_conversation(daphne: Server, server: Server, cast: Cast) -> None:
    async with daphne.connect(cast.token(cast.alice)) as alice, server.connect(cast.token(cast.bob)) as bob:
        ok = await alice.post(cast.team.pk, "over daphne")
        await expect(lambda: bob.changes.get(cast.team.pk) == [ok["message"]])
        await bob.post(cast.team.pk, "over uvicorn")
        await expect(lambda: [c["body"] for c in alice.changes[cast.team.pk]] == ["over daphne", "over uvicorn"])
        held = alice.heads[cast.team.pk]
        with pytest.raises(CommandRefused, match="empty"):
            await alice.post(cast.team.pk, "")
        await alice.command("ping")
    for n in range(60):
        await in_thread(said, cast.bob, cast.team, f"{n}")
    async with daphne.connect(cast.token(cast.alice), heads={cast.team.pk: held}) as alice:
        assert [change["body"] for change in alice.changes[cast.team.pk]] == [f"{n}" for n in range(60)]
        assert alice.gaps == 0


async def test_bad_frames_end_as_they_do_elsewhere(daphne: Server, cast: Cast) -> None:
    async with daphne.connect(cast.token(cast.alice)) as alice:
        for _ in range(20):
            await alice.send("{")
        assert (await alice.wait_closed())[0] == 4502
        await push(alice, "goodbye")
    async with daphne.connect(cast.token(cast.alice)) as alice:
        await alice.send("x" * 16_385)
        assert (await alice.wait_closed())[0] == 1009


async def test_strangers_are_refused_at_the_handshake(daphne: Server, cast: Cast) -> None:
    with pytest.raises(Exception, match="403"):
        async with daphne.connect("gapless_wrong"):
            pass
