"""How long it took after each fault: to the first `ok`, until everybody had what was accepted before, until all were back."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tests.faults.history import Command, Event, Faulted, History, Linked, Shown


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Seconds; None: not within this history.

    first_ok, caught_up: from the end of the fault; caught_up: until everybody had what was accepted before that end.
    back: from its beginning until the last client whose connection ended during it had synced again.
    slowest: of what was accepted during the fault, the longest from `ok` to the last client that was shown it.
    answer: of the commands sent during the fault, the longest from sending to any answer on a connection that lived on.
    """

    fault: str
    target: str
    begin: float
    seconds: float
    first_ok: float | None
    caught_up: float | None
    back: float | None
    slowest: float | None = None
    answer: float | None = None


def recoveries(history: History) -> list[Recovery]:
    oks = [command for command in history.of(Command) if command.phase == "ok"]
    shown = _last_first_showings(history)
    links: dict[str, list[Linked]] = defaultdict(list)
    for link in history.of(Linked):
        links[link.client].append(link)
    answers = _answers(history)
    return [_recovery(begin, end, oks, shown, links, answers) for begin, end in _pairs(history)]


def _last_first_showings(history: History) -> dict[tuple[int, int], float]:
    # {(channel, seq): when the last client was shown it for the first time}; later changes of it are another matter.
    seen: set[tuple[str, int, int]] = set()
    last: dict[tuple[int, int], float] = {}
    for event in history.of(Shown):
        place = event.client, event.channel, event.seq
        if place not in seen and event.rev == event.seq:
            seen.add(place)
            last[event.channel, event.seq] = event.at
    return last


def _pairs(history: History) -> list[tuple[Faulted, Faulted]]:
    begun: dict[tuple[str, str], Faulted] = {}
    pairs = []
    for event in history.of(Faulted):
        if event.phase == "begin":
            begun[event.name, event.target] = event
        elif (event.name, event.target) in begun:
            pairs.append((begun.pop((event.name, event.target)), event))
    return pairs


def _recovery(
    begin: Faulted,
    end: Faulted,
    oks: list[Command],
    shown: dict[tuple[int, int], float],
    links: dict[str, list[Linked]],
    answers: list[tuple[float, float]],
) -> Recovery:
    after = [ok.at - end.at for ok in oks if ok.at >= end.at]
    before = [shown[ok.channel, ok.seq] - end.at for ok in oks if ok.at < end.at and (ok.channel, ok.seq) in shown]
    during = [ok for ok in oks if begin.at <= ok.at < end.at and (ok.channel, ok.seq) in shown]
    away = [_back(mine, begin.at, end.at) for mine in links.values()]
    lengths = [seconds for seconds in away if seconds is not None]
    return Recovery(
        fault=begin.name,
        target=begin.target,
        begin=begin.at,
        seconds=end.at - begin.at,
        first_ok=min(after, default=None),
        caught_up=max(0.0, max(before)) if before else None,
        back=max(lengths, default=None),
        slowest=max((shown[ok.channel, ok.seq] - ok.at for ok in during), default=None),
        answer=max((taken for sent, taken in answers if begin.at <= sent < end.at), default=None),
    )


def _back(links: list[Linked], begin: float, end: float) -> float | None:
    # The first connection of this client that ended during the fault, until its next sync was answered.
    closed = next((link for link in links if link.what == "closed" and begin <= link.at <= end + 1), None)
    if closed is None:
        return None
    return next((link.at - begin for link in links if link.what == "synced" and link.at > closed.at), None)


def _answers(history: History) -> list[tuple[float, float]]:
    # (sent at, seconds until its answer); what a connection's end answered is not the server's word.
    sent: dict[tuple[str, int, int], float] = {}
    answers = []
    for command in history.of(Command):
        identity = command.client, command.connection, command.ref
        if command.phase == "invoke":
            sent[identity] = command.at
        elif command.code != "closed" and identity in sent:
            answers.append((sent[identity], command.at - sent.pop(identity)))
    return answers


def delays(events: Iterable[Event], *, without: Collection[str] = ()) -> list[float]:
    """Seconds from the first sending of a message to each client that was pushed it, sorted. `without`: clients' names."""
    sent: dict[tuple[int, str], float] = {}
    taken = []
    for event in events:
        if isinstance(event, Command) and event.phase == "invoke":
            sent.setdefault((event.user, event.key), event.at)
        elif isinstance(event, Shown) and event.live and event.rev == event.seq and event.client not in without:
            begun = sent.get((event.sender, event.key))
            if begun is not None:
                taken.append(event.at - begun)
    return sorted(taken)


def percentile(ordered: Sequence[float], number: int) -> float:
    """Of sorted values; 0 if there are none."""
    return ordered[min(len(ordered) - 1, len(ordered) * number // 100)] if ordered else 0.0
