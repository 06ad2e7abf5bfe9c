"""An uploaded file. Its row is written before its bytes and deleted after them, so that there are no bytes without a row."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q

from chat.models.channel import Channel
from chat.models.folded import Folded
from chat.models.message import Message

#: Characters that a name may have.
NAME_CHARACTERS = 120


class FileQuerySet(models.QuerySet["File"]):
    def held(self) -> FileQuerySet:
        """Files that count against the quota: those of messages, those that wait for a message, and evidence."""
        return self.exclude(taken_at__isnull=False, message__isnull=True, evidence_of__isnull=True)

    def whole(self) -> FileQuerySet:
        return self.filter(whole_at__isnull=False)

    def left_over(self, *, before: datetime.datetime) -> FileQuerySet:
        """Files whose message is gone, and files that no message took in time."""
        # Each file without `taken_at` has no message; said here, so that idx_files_without_message finds both kinds.
        without_message = self.filter(message__isnull=True, evidence_of__isnull=True)
        return without_message.filter(Q(taken_at__isnull=False) | Q(created_at__lt=before))


class File(models.Model):
    uploader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="files", db_index=False
    )
    #: The file's message. Posting sets it, with `taken_at`; a file with `taken_at` and without a message is gone.
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="file_rows", db_index=False
    )
    #: The deleted message that had it, as long as reports of this message are open.
    evidence_of = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="evidence", db_index=False
    )
    #: For a visitor's file: the desk to which they wrote; its customers share one quota.
    desk = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    name = models.CharField(max_length=NAME_CHARACTERS)
    #: The size of the stored bytes; for an unfinished upload, the announced size.
    size = models.BigIntegerField()
    #: The media type, from the content, never from the name.
    type = models.CharField(max_length=100, default="", blank=True)
    width = models.IntegerField(null=True, blank=True)
    height = models.IntegerField(null=True, blank=True)
    has_preview = models.BooleanField(default=False)
    #: The folder of its bytes in the storage.
    folder = models.CharField(max_length=60, unique=True)
    #: The pieces that have arrived of an upload in pieces: [[name in the folder, bytes], …]
    pieces = models.JSONField(default=list, blank=True)
    #: When its bytes were stored. Before that no message can take it.
    whole_at = models.DateTimeField(null=True, blank=True)
    taken_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = FileQuerySet.as_manager()

    class Meta:
        db_table = "files"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="files_size", condition=Q(size__gte=0)),
            models.CheckConstraint(
                name="files_evidence_of_gone", condition=Q(evidence_of__isnull=True) | Q(message__isnull=True)
            ),
            models.CheckConstraint(
                name="files_taken_whole", condition=Q(taken_at__isnull=True) | Q(whole_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["uploader"], name="idx_files_uploader"),
            models.Index(fields=["message"], name="idx_files_message", condition=Q(message__isnull=False)),
            # With all columns that the sum needs.
            models.Index(
                fields=["desk"],
                include=["size", "taken_at", "message", "evidence_of"],
                name="idx_files_desk",
                condition=Q(desk__isnull=False),
            ),
            models.Index(fields=["evidence_of"], name="idx_files_evidence", condition=Q(evidence_of__isnull=False)),
            GinIndex(
                OpClass(Folded("name"), "gin_trgm_ops"),
                name="idx_files_name_gin",
                condition=Q(message__isnull=False),
            ),
            # Partial: the sweep looks for few of many rows.
            models.Index(fields=["created_at"], name="idx_files_without_message", condition=Q(message__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.name
