"""The page of the operation, with how soon the desk answers."""

import datetime
from collections.abc import Mapping

from django.contrib import admin

from chat.admin.operation import OperationAdmin
from chat.models import Minute
from chat.reads.operation import Answered
from chat.support.models import Inbox
from chat.support.reads.reports import answered_since

admin.site.unregister(Minute)


@admin.register(Minute)
class DeskOperationAdmin(OperationAdmin):
    def answered(self, *, since: datetime.date) -> Mapping[datetime.date, Answered] | None:
        return answered_since(since) if Inbox.objects.exists() else None
