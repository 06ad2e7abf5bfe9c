"""For tests of allowances: moves Redis' clock, and reads the headers with the rest."""

import httpx
import redis
from django.conf import settings

from chat.allowances.table import Allowance, Whose
from chat.models import User


def time_passes(seconds: float, *, allowance: Allowance, user: User | None = None, whose: Whose = "") -> None:
    """Whatever was counted lies further back: the clock that counts is Redis' own, and this moves it."""
    with redis.from_url(settings.REDIS_URL) as client:
        key = allowance.keys(user.pk if user else whose)[0]
        counted = client.zrange(key, 0, -1, withscores=True)
        if counted:
            client.zadd(key, {each: at - seconds * 1_000_000 for each, at in counted})


def has_done(times: int, *, allowance: Allowance, user: User | None = None, whose: Whose = "") -> None:
    """So often within this window, besides what was done in truth."""
    with redis.from_url(settings.REDIS_URL) as client:
        seconds, microseconds = client.time()
        now = seconds * 1_000_000 + microseconds
        client.zadd(allowance.keys(user.pk if user else whose)[0], {f"{n}": now for n in range(times)})


def headers(answer: httpx.Response) -> tuple[int, int]:
    """Limit and remaining; there is a reset in every window that was used."""
    assert 0 < int(answer.headers["X-RateLimit-Reset"]) <= 3600
    return int(answer.headers["X-RateLimit-Limit"]), int(answer.headers["X-RateLimit-Remaining"])


def refused(answer: httpx.Response, limit: int, *, within: int) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (429, "rate_limited")
    assert 0 < problem["retry_after"] <= within
    assert problem["retry_after"] <= int(answer.headers["Retry-After"]) <= problem["retry_after"] + 1
    assert headers(answer) == (limit, 0)
