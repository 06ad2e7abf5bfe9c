"""Turns attachments of a customer's mail into files, with the same limits and checks as for uploads of the customer."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from chat.allowances.counting import count
from chat.allowances.table import UPLOADS
from chat.files.names import file_name
from chat.files.sanitizing import sanitize
from chat.files.services import give_up_upload, require_may_upload, store_file
from chat.models import User
from chat.support.letters.incoming import Opened
from chat.support.reads.customers import desk_of_customer
from delivery.wire.errors import NotFound, Refused

#: How many refused attachments are named; of more only the number is told.
MOST_NAMED = 10


@dataclass(frozen=True)
class Attachments:
    files: tuple[int, ...]
    #: The refused attachments, each with the reason; empty if all were accepted.
    not_taken: str


@contextmanager
def attached(visitor: User, mail: Opened) -> Iterator[Attachments]:
    """Files for a message; files that no message has at the block's end are given up again.

    Raises refusals after which the mail can be repeated unchanged: then nothing of the files is left.
    """
    kept: list[int] = []
    not_taken: list[str] = []
    try:
        for name, content in mail.files():
            try:
                kept.append(_kept(visitor, name, content))
            except Refused as refusal:
                if refusal.retry_after is not None:
                    raise
                not_taken.append(f"(Not taken: {file_name(name)}: {refusal.detail})")
        not_taken += _surplus(mail)
        yield Attachments(tuple(kept), "\n".join(not_taken))
    finally:
        for file in kept:
            # A message has this file.
            with suppress(NotFound):
                give_up_upload(visitor, file)


def _kept(visitor: User, name: str, content: IO[bytes]) -> int:
    desk, size = desk_of_customer(visitor), content.seek(0, 2)
    count(UPLOADS, visitor)
    # Checked before the file is sanitized, which costs more.
    require_may_upload(visitor, size=size, desk=desk)
    return store_file(visitor, sanitize(content, name=name), desk=desk).pk


def _surplus(mail: Opened) -> Iterator[str]:
    most = settings.LIMITS.files_per_message
    names = [file_name(name) for name, _ in mail.attached[most:]]
    if names:
        more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
        yield f"(Not taken: {', '.join(names[:MOST_NAMED])}{more}: a message has at most {most} files.)"
