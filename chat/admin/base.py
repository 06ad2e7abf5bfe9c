"""The base of all lists and pages of the admin: they write nothing, count no large table, and search by trigram."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib import messages as notices
from django.contrib.admin.exceptions import DisallowedModelAdminToField
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst

from chat.admin.actions import AdminAction, Described, asked
from chat.admin.strict_lists import KEPT_VAR, StrictChangeList, require_numbered_rows, require_plain_row, way_back
from chat.models import User
from chat.search.conditions import ALIKE
from chat.viewer import page_of
from delivery.wire.errors import Invalid

#: Rows are counted up to this number; filters and searches lead to older rows.
MOST_COUNTED = 1000
#: The trigram index needs at least so many letters.
LEAST_LETTERS = 3
#: SQLSTATE of a statement that took too long.
QUERY_CANCELED = "57014"


class BoundedPaginator(Paginator):
    """Never counts further than MOST_COUNTED."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[: MOST_COUNTED + 1].count()

    def page(self, number: int | str) -> "Page[Any]":
        return super().page(min(int(number), self.num_pages))


@dataclass(frozen=True)
class Table:
    """A table of rows that belong to a row, on its page."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]
    #: The sentence for an empty table.
    empty: str = "None."


class ReadOnlyAdmin(Described):
    """A read-only admin. `search_in`: columns with a trigram index. `acts`: the acts, each through its verb."""

    search_in: tuple[str, ...] = ()
    acts: tuple[AdminAction, ...] = ()
    paginator = BoundedPaginator
    most_counted = MOST_COUNTED
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50
    actions_on_top = True
    change_form_template = "admin/gapless/row.html"
    change_list_template = "admin/gapless/list.html"
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-pk",)

    def tables(self, row: Any) -> list[Table]:
        """The tables below the row."""
        return []

    # ---- nothing is written ----

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # ---- search ----

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return self.search_in

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Rows that contain the term; if there are none, rows with similar text."""
        term = search_term.strip().replace("\x00", "")
        if not term or not self.search_in:
            return queryset, False
        if not _has_trigram(term):
            self.message_user(request, f"Search for at least {LEAST_LETTERS} letters in a row.", notices.WARNING)
            return queryset.none(), False
        try:
            found = _newest(queryset, self.search_in, term)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != QUERY_CANCELED:
                raise
            self.message_user(request, "This takes too long: search for more letters, or filter too.", notices.ERROR)
            return queryset.none(), False
        return queryset.filter(pk__in=found), False

    # ---- acts ----

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        acts = [act for act in self.acts if act.is_bulk and act.allowed_to(request.user)]
        return {act.name: (_bulk(act), act.name, f"{act.label}…") for act in acts}

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        name = f"{self.model._meta.label_lower.replace('.', '_')}_act"
        # The admin writes nothing itself, so Django's own history of rows is empty.
        kept = [url for url in super().get_urls() if not str(url.name).endswith("_history")]
        return [path("<int:object_id>/act/<slug:name>/", view, name=name), *kept]

    def act_view(self, request: HttpRequest, object_id: int, name: str) -> HttpResponse:
        """An act on one row, from its page. A user without the right gets the same answer whether the row exists or not."""
        act = next((act for act in self.acts if act.name == name), None)
        if not (act and act.allowed_to(request.user) and self.has_view_permission(request)):
            raise PermissionDenied
        row = self.get_object(request, str(object_id))
        if row is None:
            raise Http404
        try:
            require_plain_row(request)
        except Invalid as refusal:
            return self.refused(request, refusal)
        back = page_of(row) + way_back(request)
        page = asked(self, request, act, [row], hidden={}, cancel_url=back)
        return page or HttpResponseRedirect(
            reverse(act.leads_to, args=[row.pk]) if act.leads_to else self.after(request, row)
        )

    def after(self, request: HttpRequest, row: Any) -> str:
        """The page after an act: the row's page, with the way back to the list."""
        return page_of(row) + way_back(request)

    # ---- requests of lists and rows ----

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StrictChangeList]:
        return StrictChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        try:
            return super().get_changelist_instance(request)
        except (IncorrectLookupParameters, DisallowedModelAdminToField):
            raise Invalid("A filter has a value that does not exist: choose one that the page offers.") from None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = capfirst(self.model._meta.verbose_name_plural)
        try:
            require_numbered_rows(request)
            return super().changelist_view(request, {**(extra_context or {}), "title": title})
        except Invalid as refusal:
            return self.refused(request, refusal)

    def refused(self, request: HttpRequest, refusal: Invalid) -> TemplateResponse:
        """The page that says why the request is refused."""
        context = {**self.admin_site.each_context(request), "title": "Not possible", "opts": self.model._meta}
        return TemplateResponse(request, "admin/gapless/refused.html", {**context, "refusal": refusal}, status=400)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            require_plain_row(request)
        except Invalid as refusal:
            return self.refused(request, refusal)
        row = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if row is not None and self.has_view_permission(request, row):
            user = staff_of(request)
            more = {
                "acts": [act for act in self.acts if act.allowed_to(user) and act.fits(user, row)],
                "tables": self.tables(row),
                "row_url": page_of(row),
                "title": self.words(row),
                "way_back": way_back(request),
                "kept_filters": request.GET.get(KEPT_VAR, ""),
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})


def staff_of(request: HttpRequest) -> User:
    """The member of the staff who sends the request."""
    assert isinstance(request.user, User)
    return request.user


def _bulk(act: AdminAction) -> Any:
    def do(model_admin: ReadOnlyAdmin, request: HttpRequest, queryset: "QuerySet[Any]") -> HttpResponse | None:
        most = settings.LIMITS.bulk
        rows = list(queryset[: most + 1])
        if len(rows) > most:
            model_admin.message_user(request, f"Choose at most {most} at once.", notices.ERROR)
            return None
        hidden = {"action": act.name, "index": "0"}
        return asked(model_admin, request, act, rows, hidden=hidden, cancel_url=request.get_full_path())

    return do


def _has_trigram(term: str) -> bool:
    """The index holds only letters and digits: a term without three in a row would make PostgreSQL read every row."""
    return any(len(run) >= LEAST_LETTERS for run in re.findall(r"[^\W_]+", term))


def _newest(rows: "QuerySet[Any]", columns: Sequence[str], term: str) -> list[int]:
    """The newest rows with the term, up to the counted number; if there are none, the newest rows with similar text."""
    newest = rows.order_by("-pk").values_list("pk", flat=True)
    with transaction.atomic(), connection.cursor() as cursor:
        exact = newest.filter(_any(Q(**{f"{name}__says": term}) for name in columns))
        found = list(exact[: MOST_COUNTED + 1])
        if not found:
            cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(ALIKE)])
            alike = newest.filter(_any(Q(**{f"{name}__resembles": term}) for name in columns))
            found = list(alike[: MOST_COUNTED + 1])
    return found


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found
