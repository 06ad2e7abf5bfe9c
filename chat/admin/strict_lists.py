"""Lists of the admin that answer only the parameters that their own pages offer. Django's would answer any lookup of any column."""

import re
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR, ChangeList
from django.http import HttpRequest

from delivery.wire import ids
from delivery.wire.errors import Invalid

#: The parameter in which a row's page keeps the filters of its list.
KEPT_VAR = "_changelist_filters"

_PLACES = re.compile(r"-?[0-9]{1,3}(\.-?[0-9]{1,3})*")
_PAGE = re.compile(r"[1-9][0-9]{0,8}")


class StrictChangeList(ChangeList):
    """A list that raises Invalid for parameters and values that none of its filters, search, columns or page numbers has."""

    def get_filters(self, request: HttpRequest) -> Any:
        _require_clean(request)
        try:
            found = super().get_filters(request)
        except (DisallowedModelAdminLookup, IncorrectLookupParameters):
            raise _not_offered(self.get_filters_params()) from None
        specs, _, unclaimed, _, _ = found
        # A column with a filter may be asked for by its bare name too.
        columns = {name for name in self.list_filter if isinstance(name, str)}
        foreign = {*(set(unclaimed) - columns), *_foreign(self, request), *(_undrawn(specs) & set(request.GET))}
        if foreign:
            raise _not_offered(foreign)
        return found

    def get_results(self, request: HttpRequest) -> None:
        """A page past the end shows the last page: its rows may just have been dealt with."""
        asked = request.GET.get(PAGE_VAR)
        if asked is not None and not _PAGE.fullmatch(asked):
            raise Invalid("A page has a number, from 1 on.")
        super().get_results(request)
        self.page_num = min(self.page_num, self.paginator.num_pages)

    def get_ordering(self, request: HttpRequest, queryset: Any) -> Any:
        asked = request.GET.get(ORDER_VAR)
        if asked and not (_PLACES.fullmatch(asked) and all(self._sorts(int(p)) for p in asked.split("."))):
            raise Invalid("The list can't be sorted like that: choose the title of a column.")
        return super().get_ordering(request, queryset)

    def _sorts(self, place: int) -> bool:
        shown = self.list_display
        return abs(place) < len(shown) and bool(self.get_ordering_field(shown[abs(place)]))


def require_numbered_rows(request: HttpRequest) -> None:
    """Acts name their rows by number. Raises Invalid for other names."""
    if not all(map(ids.is_number, request.POST.getlist(ACTION_CHECKBOX_NAME))):
        raise Invalid("Rows are chosen by their numbers.")


def way_back(request: HttpRequest) -> str:
    """The parameter for links to rows and acts that keeps the filters of the list."""
    kept = request.GET.get(KEPT_VAR)
    return "?" + urlencode({KEPT_VAR: kept}) if kept else ""


def require_plain_row(request: HttpRequest) -> None:
    """Raises Invalid if a row's page is asked for more than the way back to its list."""
    _require_clean(request)
    foreign = set(request.GET) - {KEPT_VAR}
    if foreign:
        raise _not_offered(foreign)


def _foreign(asked: StrictChangeList, request: HttpRequest) -> set[str]:
    """Parameters that Django would accept silently: popups, fields of relations, facets, everything at once."""
    known = {PAGE_VAR, ORDER_VAR, *((SEARCH_VAR,) if asked.search_fields else ())}
    return set(request.GET) - known - set(asked.get_filters_params())


def _undrawn(specs: Any) -> set[str]:
    """Parameters that ask whether a column is empty, of filters that do not offer this choice."""
    plain = [spec for spec in specs if not getattr(spec, "include_empty_choice", False)]
    return {name for spec in plain for name in spec.expected_parameters() if name and name.endswith("__isnull")}


def _require_clean(request: HttpRequest) -> None:
    if any("\x00" in text for name, values in request.GET.lists() for text in (name, *values)):
        raise Invalid("A parameter can't contain the NUL character.")


def _not_offered(names: Any) -> Invalid:
    # The same answer whether the column exists or not.
    return Invalid(f"This page can't be asked for {sorted(names)[0][:80]!r}: use the filters and links that it offers.")
