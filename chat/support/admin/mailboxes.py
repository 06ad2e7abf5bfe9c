"""Mailboxes from which customers' mails are collected: whether collecting works, and how many mails a person must look at."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from chat.admin import columns
from chat.admin.base import ReadOnlyAdmin
from chat.admin.columns import column
from chat.support.models import Mailbox


@admin.register(Mailbox)
class MailboxAdmin(ReadOnlyAdmin):
    list_display = ("address", "state", "last", "put_aside", "problem")
    fields = ("address", "state", "last", "failing", "problem", "put_aside")
    readonly_fields = fields

    def words(self, row: Mailbox) -> str:
        return row.address

    @column("state")
    def state(self, row: Mailbox) -> SafeString:
        return columns.badge("fails", "danger") if row.failing_since else columns.badge("collected", "good")

    @column("last collected")
    def last(self, row: Mailbox) -> Any:
        return columns.ago(row.collected_at)

    @column("fails since")
    def failing(self, row: Mailbox) -> Any:
        return columns.ago(row.failing_since)
