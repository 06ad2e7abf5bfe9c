"""What was attached to a customer's mail becomes files, as if the customer had given them: by the same limits, looked at alike."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from django.conf import settings

from chat.allowances.counting import count
from chat.allowances.table import UPLOADS
from chat.files.developing import develop
from chat.files.names import file_name
from chat.files.services import give_up_upload, keep_file, require_may_upload
from chat.models import User
from chat.support.letters.incoming import Opened
from chat.support.reads.customers import desk_of_customer
from delivery.wire.errors import NotFound, Refused

#: That are refused and named; of more only how many.
MOST_NAMED = 10


@dataclass(frozen=True)
class Attachments:
    files: tuple[int, ...]
    #: What is refused, each with its reason; empty where all is taken.
    not_taken: str


@contextmanager
def attached(visitor: User, mail: Opened) -> Iterator[Attachments]:
    """Files that a message can take; what none took within the block is given up again.

    Raises what may be repeated as it is: then nothing of them is left.
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
            # A message has it.
            with suppress(NotFound):
                give_up_upload(visitor, file)


def _kept(visitor: User, name: str, content: IO[bytes]) -> int:
    desk, size = desk_of_customer(visitor), content.seek(0, 2)
    count(UPLOADS, visitor)
    # Before it is looked at, which costs more.
    require_may_upload(visitor, size=size, desk=desk)
    return keep_file(visitor, develop(content, name=name), desk=desk).pk


def _surplus(mail: Opened) -> Iterator[str]:
    most = settings.LIMITS.files_per_message
    names = [file_name(name) for name, _ in mail.attached[most:]]
    if names:
        more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
        yield f"(Not taken: {', '.join(names[:MOST_NAMED])}{more}: a message has at most {most} files.)"
