"""Runs erasures: first the desk's part, then chat's. Each web process continues erasures that are under way."""

import asyncio
import functools
import logging
import random

from chat import prepared_sql
from chat.live.node import ChatNode
from chat.models import Erasure
from chat.services.erasing.running import continue_erasure
from chat.support.services.erasing import forget_agent
from delivery.service_errors import service_away
from delivery.source import Asked

logger = logging.getLogger("gapless.erasing")

#: Seconds, random, between two looks if no erasure is under way.
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 5.0, 10.0


def finish_erasure(user: int) -> Erasure:
    """Does all the rest of an erasure. May be interrupted and repeated at any time."""
    erasure = Erasure.objects.select_related("user").get(pk=user)
    if erasure.ended_at is None:
        forget_agent(erasure.user)
    while continue_erasure(user):
        pass
    erasure.refresh_from_db()
    return erasure


def finish_all() -> int:
    """Finishes all erasures that have begun; returns how many."""
    under_way = list(Erasure.objects.under_way().order_by("pk").values_list("pk", flat=True))
    return len([finish_erasure(user) for user in under_way])


def start_erasing(node: ChatNode) -> None:
    """Continues erasures in this process until its node ends. Repeating does nothing."""
    global _erasing
    if _erasing is not node:
        _erasing = node
        node.nursery.keep(_live, node)


async def _live(node: ChatNode) -> None:
    while not node.is_draining:
        await asyncio.sleep(random.uniform(LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS))
        try:
            while not node.is_draining and await node.reads.read(prepared_sql.exists, _under_way()):
                await node.threads.run(_go_on)
        except Exception as error:
            logger.warning("erasing waits: %r", error, extra={"away": service_away(error)})


@functools.cache
def _under_way() -> Asked:
    return prepared_sql.exists_sql(Erasure.objects.under_way())


def _go_on() -> None:
    erasure = Erasure.objects.under_way().select_related("user").order_by("pk").first()
    if erasure is not None:
        forget_agent(erasure.user)
        continue_erasure(erasure.pk)


_erasing: ChatNode | None = None
