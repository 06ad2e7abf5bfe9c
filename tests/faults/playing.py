"""One cluster for all scenarios that a pytest process plays, and a few of them side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.faults.cluster import Cluster
from tests.faults.scenarios import OFTEN

#: More of the gentle ones at once would only measure the machine.
BESIDE_EACH_OTHER = 5


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """Three web processes for all scenarios; what they do every so often, they do more often than by default."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    cluster = Cluster(seed=1, **OFTEN)
    asyncio.run(cluster.start())
    yield cluster
    cluster.close()


@pytest.fixture(scope="package")
def sound(cluster: Cluster) -> Callable[[], Cluster]:
    """Gives the cluster as the product is, whatever was played on it before."""

    def mended() -> Cluster:
        if cluster.build:
            asyncio.run(cluster.break_with())
        return cluster

    return mended


async def side_by_side(work: Sequence[Awaitable[Any]], *, return_exceptions: bool = False) -> list[Any]:
    places = asyncio.Semaphore(BESIDE_EACH_OTHER)

    async def in_its_place(one: Awaitable[Any]) -> Any:
        async with places:
            return await one

    return await asyncio.gather(*map(in_its_place, work), return_exceptions=return_exceptions)
