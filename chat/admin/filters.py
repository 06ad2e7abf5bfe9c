"""Filters that never list a large table: a text field for a name or a number, and yes/no."""

import datetime
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from chat import clock
from chat.models import Channel, User
from delivery.wire import ids

#: The most channels of one name that a filter looks into.
MOST_NAMED = 100


class TypedFilter(admin.SimpleListFilter):
    """A filter that looks up the typed value exactly, by an index."""

    template = "admin/gapless/typed_filter.html"
    hint = ""
    input_type = "text"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        kept = {name: value for name, value in changelist.get_filters_params().items() if name != self.parameter_name}
        yield {
            "kept": {name: value[-1] if isinstance(value, list) else value for name, value in kept.items()},
            "query": changelist.query,
            "typed": self.value() or "",
            "all_url": changelist.get_query_string(remove=[self.parameter_name]),
        }

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        typed = (self.value() or "").strip().replace("\x00", "")
        return queryset.filter(self.condition(typed)) if typed else queryset

    def condition(self, typed: str) -> Q:
        raise NotImplementedError


class ChannelFilter(TypedFilter):
    title = "channel"
    parameter_name = "in"
    hint = "name or number"

    def condition(self, typed: str) -> Q:
        # The ids are read first, so that the list can use its own index.
        named = Channel.objects.filter(name__reads=typed).values_list("pk", flat=True)[:MOST_NAMED]
        return Q(channel_id__in=[int(typed)] if ids.is_number(typed) else list(named))


class DayFilter(TypedFilter):
    hint, input_type = "YYYY-MM-DD", "date"

    def condition(self, typed: str) -> Q:
        try:
            day = datetime.date.fromisoformat(typed)
            start = timezone.make_aware(datetime.datetime.combine(day, datetime.time()))
            return self.within(start, start + datetime.timedelta(days=1))
        except (ValueError, OverflowError):
            raise IncorrectLookupParameters from None

    def within(self, start: datetime.datetime, end: datetime.datetime) -> Q:
        raise NotImplementedError


class SinceFilter(DayFilter):
    title, parameter_name = "first day", "since"

    def within(self, start: datetime.datetime, end: datetime.datetime) -> Q:
        return Q(created_at__gte=start)


class UntilFilter(DayFilter):
    title, parameter_name = "last day", "until"

    def within(self, start: datetime.datetime, end: datetime.datetime) -> Q:
        return Q(created_at__lt=end)


def person_filter(field: str, title: str) -> type[TypedFilter]:
    """A filter by username or id, on the column with the person."""

    class PersonFilter(TypedFilter):
        parameter_name = field

        def condition(self, typed: str) -> Q:
            named = User.objects.filter(username__reads=typed.removeprefix("@")).values_list("pk", flat=True)
            return Q(**{f"{field}_id__in": [int(typed)] if ids.is_number(typed) else list(named)})

    PersonFilter.title = title
    PersonFilter.hint = "username or number"
    return PersonFilter


class ChosenFilter(admin.SimpleListFilter):
    """A filter that accepts only the values that it offers."""

    def value(self) -> str | None:
        typed = super().value()
        if typed is not None and typed not in {str(value) for value, _ in self.lookup_choices}:
            raise IncorrectLookupParameters
        return typed


class YesNoFilter(ChosenFilter):
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() not in ("yes", "no"):
            return queryset
        condition = self.condition()
        return queryset.filter(condition if self.value() == "yes" else ~condition)

    def condition(self) -> Q:
        raise NotImplementedError


class EditedFilter(YesNoFilter):
    title, parameter_name = "edited", "edited"

    def condition(self) -> Q:
        return Q(edited_at__isnull=False)


class DeletedFilter(YesNoFilter):
    title, parameter_name = "deleted", "deleted"

    def condition(self) -> Q:
        return Q(deleted_at__isnull=False)


class ArchivedFilter(YesNoFilter):
    title, parameter_name = "archived", "archived"

    def condition(self) -> Q:
        return Q(archived_at__isnull=False)


class MutedFilter(YesNoFilter):
    title, parameter_name = "muted now", "muted"

    def condition(self) -> Q:
        # Like MemberQuerySet.with_mutes: only active sanctions.
        return Q(muted_until__isnull=False)


class RunningFilter(YesNoFilter):
    title, parameter_name = "standing", "standing"

    def condition(self) -> Q:
        return Q(until__isnull=True) | Q(until__gt=clock.now())


class StandingFilter(YesNoFilter):
    title, parameter_name = "standing", "standing"

    def condition(self) -> Q:
        return Q(lifted_at__isnull=True)


class StateFilter(ChosenFilter):
    """By default only open reports: the list is a queue of cases, unless it shows the reports by or about one person."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("closed", "Closed"), ("all", "All")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": "Open"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        rows = queryset if request.GET.get("reporter") else queryset.cases()  # type: ignore[attr-defined]
        return rows if self.value() == "all" else rows.filter(closed_at__isnull=self.value() != "closed")
