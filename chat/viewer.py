"""The viewer of a page of the staff's site, so that links are shown only to staff who may open them."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.reads import oversight

_looking: ContextVar[Any] = ContextVar("looking", default=None)


@contextlib.contextmanager
def looking(user: Any) -> Iterator[None]:
    token = _looking.set(user)
    try:
        yield
    finally:
        _looking.reset(token)


def viewer() -> Any:
    return _looking.get()


def may_view(kind: type[Model]) -> bool:
    user = _looking.get()
    return user is not None and user.has_perm(f"{kind._meta.app_label}.view_{kind._meta.model_name}")


def link(row: Model | None, text: str = "") -> SafeString | str:
    """A link to the row's page; only its text for viewers who may not see the page."""
    if row is None:
        return "–"
    text = text or str(row)
    if not (may_view(type(row)) and oversight.sees(_looking.get(), row)):
        return text
    return format_html('<a href="{}">{}</a>', page_of(row), text)


def page_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])


def list_link(kind: type[Model], text: str, **query: Any) -> SafeString | str:
    """A link to a filtered list of rows of that kind."""
    if not may_view(kind):
        return text
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    url = reverse(f"admin:chat_{kind._meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, asked, text)
