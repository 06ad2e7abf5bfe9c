"""The text of a mail above the quoted mail, and its attachments. The mail is opened in a process of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
from django.conf import settings

from chat.files.sanitizing import scratch
from delivery.children import run_apart
from delivery.wire.errors import Invalid

#: The line in every mail of ours above the messages: a customer's answer ends there.
ANSWER_ABOVE = "-- Please write your answer above this line --"
_PARSER = Path(__file__).with_name("mail_parser.py")
#: Seconds for one mail, even on a busy machine.
MOST_SECONDS = 60


class _Said(msgspec.Struct):
    text: str
    attached: list[tuple[str, int]]


@dataclass(frozen=True)
class Opened:
    text: str
    #: The names and sizes of the attachments.
    attached: Sequence[tuple[str, int]]
    #: The bytes of the first `files_per_message` attachments, one after another.
    content: IO[bytes]

    def files(self) -> Iterator[tuple[str, IO[bytes]]]:
        """The first attachments, each in a scratch file."""
        self.content.seek(0)
        for name, size in self.attached[: settings.LIMITS.files_per_message]:
            file = scratch()
            file.write(self.content.read(size))
            yield name, file


def open_mail(raw: bytes) -> Opened:
    """Opens the mail. Raises Invalid if it can't be read, or not in time."""
    content = scratch()
    said = _ask_opener(raw, content)
    if said is None:
        # For every error of the parser the program that hands in the mail is told, and keeps it.
        raise Invalid("This is no mail that can be read.")
    return Opened(text=said.text, attached=said.attached, content=content)


def _ask_opener(raw: bytes, content: IO[bytes]) -> _Said | None:
    most_files, target = str(settings.LIMITS.files_per_message), content.fileno()
    what = (most_files, ANSWER_ABOVE, str(target))
    done = run_apart("-S", str(_PARSER), *what, descriptors=[target], within=MOST_SECONDS, given=raw)
    return msgspec.json.decode(done.stdout, type=_Said) if done is not None and done.returncode == 0 else None
