"""Files given in pieces while connections break, posted in two channels at once, and deleted with their messages."""

import asyncio

from tests.faults.clients import Client
from tests.faults.scenarios.run import Run, scenario
from tests.faults.uploads import give_file, post_file

#: Of one file: nobody promises anything here, and the machine may be busy.
PATIENCE = 30


@scenario("files", breaks=["a file taken twice", "pieces anywhere"], is_gentle=True)
async def files_in_pieces(run: Run) -> None:
    """Pieces are cut off, said again and sent twice at once; each file is posted in two channels, and one of them has it."""
    givers = [client for client in run.clients if len(run.company.channels_of(client.user)) > 1]
    givers = givers[: 20 if run.size.is_long else 3]
    async with run.fault("all clients"):
        given = await asyncio.gather(*(_give(run, client) for client in givers))
    await run.until(lambda: not any(client.waiting for client in givers), what="all were answered")
    files = [file for mine in given for file in mine]
    if not files:
        run.complain("late", "no file became whole")
    for file in files[::3]:
        await run.cluster.stage.ask("delete_with_file", file=file)


async def _give(run: Run, client: Client) -> list[int]:
    files = []
    for _ in range(5 if run.size.is_long else 2):
        given = await give_file(client, run.chance, within=PATIENCE)
        if given is not None:
            files.append(given[0])
            for channel in run.company.channels_of(client.user)[:2]:
                post_file(client, channel, *given)
            if run.chance.random() < 0.3:
                client.drop()
    return files
