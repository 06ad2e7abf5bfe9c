"""Followers of threads, and their read positions, apart from the channel's cursors."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from chat.models.message import Message


class ThreadFollower(models.Model):
    """A follower. The row stays when they unfollow: then only their own reply makes them follow again."""

    root = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="followers", db_index=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="followed_threads", db_index=False
    )
    is_following = models.BooleanField(default=True, db_default=True)
    read_seq = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "thread_followers"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["root", "user"], name="thread_followers_once")]
        indexes = [
            models.Index(fields=["user", "root"], name="idx_thread_followers_user", condition=Q(is_following=True)),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in the thread of {self.root_id}"
