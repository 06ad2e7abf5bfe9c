"""Lines that repeat themselves: a few a minute of each kind are written, then they are counted. So no fault, no stranger and no
mistake of ours writes without bound. A kind is a place in the code that says something, with the error and the status that it says.
"""

import logging
import time
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

#: Of one kind, so many lines a minute: those that only inform (a refused request), and those that warn.
INFORMING, WARNING = 10, 5
MINUTE = 60.0
#: Kinds that are told apart within a minute; all others are one.
MOST_KINDS = 100
_OTHERS = ("others",)


@dataclass
class _Kind:
    began_at: float
    level: int
    says: str
    written: int = 0
    not_written: int = 0


class Repeats:
    """The repeated lines of one process. Not thread-safe: its owner has a lock."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, _Kind] = {}

    @property
    def is_counting(self) -> bool:
        return any(kind.not_written for kind in self._kinds.values())

    def is_few(self, record: logging.LogRecord, errors: Sequence[BaseException]) -> bool:
        """Whether the line is to be written; counts it."""
        kind = self._kind_of(record, errors)
        if kind.written < (WARNING if kind.level >= logging.WARNING else INFORMING):
            kind.written += 1
            return True
        kind.not_written += 1
        return False

    def due(self) -> Iterator[tuple[int, str]]:
        """Level and line for each kind whose minute is over and that was not written in full; they begin anew."""
        now = time.monotonic()
        for name in [name for name, kind in self._kinds.items() if now - kind.began_at >= MINUTE]:
            kind = self._kinds.pop(name)
            if kind.not_written:
                yield kind.level, f"{kind.not_written} more lines of the last minute were not written: {kind.says}"

    def _kind_of(self, record: logging.LogRecord, errors: Sequence[BaseException]) -> _Kind:
        name = _name_of(record, errors)
        kind = self._kinds.get(name)
        if kind is not None and (kind.not_written or time.monotonic() - kind.began_at < MINUTE):
            return kind
        if kind is None and len(self._kinds) >= MOST_KINDS:
            self._forget()
            name = name if len(self._kinds) < MOST_KINDS else _OTHERS
            if name in self._kinds:
                return self._kinds[name]
        self._kinds[name] = kind = _Kind(time.monotonic(), record.levelno, f"{record.name}: {_says(record)}")
        return kind

    def _forget(self) -> None:
        now = time.monotonic()
        old = [name for name, kind in self._kinds.items() if not kind.not_written and now - kind.began_at >= MINUTE]
        for name in old:
            del self._kinds[name]


def _name_of(record: logging.LogRecord, errors: Sequence[BaseException]) -> Hashable:
    status = record.msg.get("code") if isinstance(record.msg, dict) else None
    raised = [(type(error).__name__, _place(error.__traceback__)) for error in errors]
    return record.name, record.levelno, _says(record), status, *raised


def _says(record: logging.LogRecord) -> str:
    # As it stands in the code: what is put in differs from line to line.
    return str(record.msg.get("event", "") if isinstance(record.msg, dict) else record.msg).split("\n")[0]


def _place(raised: TracebackType | None) -> tuple[str, int] | None:
    while raised is not None and raised.tb_next is not None:
        raised = raised.tb_next
    return (raised.tb_frame.f_code.co_filename, raised.tb_lineno) if raised is not None else None
