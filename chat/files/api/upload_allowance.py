"""Uploads are counted by person; those of visitors by address, because anybody can become a new visitor."""

from chat.addresses import line_of
from chat.allowances.counting import count, count_try
from chat.allowances.table import UPLOADS, UPLOADS_OF_VISITORS, Whose
from chat.middleware import caller
from chat.models import User


def source_of(user: User) -> Whose:
    return line_of(caller.current_origin().address or "") if user.is_visitor else user.pk


def count_upload(user: User) -> None:
    """Counts an upload at its beginning. Raises RateLimited."""
    count(UPLOADS, user)
    if user.is_visitor:
        count_try(UPLOADS_OF_VISITORS, source_of(user), is_told=False)
