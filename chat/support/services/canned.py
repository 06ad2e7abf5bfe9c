"""Canned answers of an inbox: its agents use them, its supervisors write them."""

import re

from django.db import IntegrityError

from chat.models import User
from chat.services.constraints import violates
from chat.services.drafts import check_body
from chat.support.models import CannedAnswer
from chat.support.services.inboxes import inbox_of, inboxes_of, require_supervisor
from delivery.wire.errors import Conflict, Invalid, NotFound

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def keep_canned_answer(
    actor: User,
    *,
    answer: int | None = None,
    inbox: int | None = None,
    code: str | None = None,
    body: str | None = None,
) -> CannedAnswer:
    """Creates a canned answer of an inbox, or changes `answer`; None leaves a value as it is.

    Raises NotFound, Forbidden, the refusals of a message's body, Invalid, and Conflict for a code that the inbox has already.
    """
    row = CannedAnswer(inbox=inbox_of(actor, inbox or 0)) if answer is None else _own(actor, answer)
    require_supervisor(actor, row.inbox)
    if code is not None:
        row.code = code.strip().removeprefix("/").lower()
    if body is not None:
        row.body = body.strip()
    if not _CODE.fullmatch(row.code):
        raise Invalid("A code has small letters, digits and dashes, at most 40.")
    check_body(row.body)
    try:
        row.save()
    except IntegrityError as error:
        if violates(error, "canned_answers_code_once"):
            raise Conflict(f"/{row.code} is there already.") from None
        raise
    return row


def delete_canned_answer(actor: User, *, answer: int) -> None:
    """Deletes a canned answer. Raises NotFound, Forbidden."""
    row = _own(actor, answer)
    require_supervisor(actor, row.inbox)
    row.delete()


def _own(actor: User, answer: int) -> CannedAnswer:
    row = CannedAnswer.objects.select_related("inbox").filter(pk=answer, inbox__in=inboxes_of(actor)).first()
    if row is None:
        raise NotFound
    return row
