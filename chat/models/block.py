"""Blocks: who has blocked whom. Neither of the two can send the other direct messages."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from chat.models.user import User


class BlockQuerySet(models.QuerySet["Block"]):
    def between(self, user: User, others: Collection[int]) -> BlockQuerySet:
        """Blocks between the two, in either direction."""
        return self.filter(Q(blocker=user, blocked__in=others) | Q(blocker__in=others, blocked=user))


class Block(models.Model):
    blocker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks", db_index=False
    )
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField()

    objects = BlockQuerySet.as_manager()

    class Meta:
        db_table = "blocks"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="blocks_once"),
            models.CheckConstraint(name="blocks_not_oneself", condition=~Q(blocker=F("blocked"))),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"
