"""Redis' clock is set back by an hour: no user waits for that hour."""

import pytest
import redis
from django.conf import settings

from chat.allowances.table import MESSAGES
from chat.allowances.window import windows
from chat.models import User
from tests.conftest import Cast
from tests.stage.counting import has_done, time_passes

pytestmark = pytest.mark.django_db
HOUR = 3600


def set_back(user: User) -> None:
    time_passes(-HOUR, allowance=MESSAGES, user=user)


def test_who_had_done_all_that_they_may_goes_on(cast: Cast) -> None:
    has_done(60, allowance=MESSAGES, user=cast.alice)
    assert windows().ask(MESSAGES, cast.alice.pk, "too much")[0] > 0
    set_back(cast.alice)
    wait, usage = windows().ask(MESSAGES, cast.alice.pk, "after it")
    assert (wait, usage.remaining) == (-1, 59)
    assert usage.reset <= 60


def test_what_was_done_since_is_counted_and_nothing_else(cast: Cast) -> None:
    windows().ask(MESSAGES, cast.alice.pk, "before")
    set_back(cast.alice)
    assert windows().ask(MESSAGES, cast.alice.pk, "after it")[1].reset <= 60
    # As if it had been there all the time: newer than now beside what is not.
    has_done(58, allowance=MESSAGES, user=cast.alice)
    with redis.from_url(settings.REDIS_URL) as client:
        [key, _] = MESSAGES.keys(cast.alice.pk)
        seconds, _ = client.time()
        client.zadd(key, {"later": (seconds + HOUR) * 1_000_000})
    assert [windows().ask(MESSAGES, cast.alice.pk, each)[0] for each in ("the last", "too much")] == [
        -1,
        pytest.approx(60, abs=5),
    ]


def test_who_has_tried_too_often_waits_no_longer_than_a_window(cast: Cast) -> None:
    with redis.from_url(settings.REDIS_URL) as client:
        [_, tried] = MESSAGES.keys(cast.alice.pk)
        client.set(tried, MESSAGES.most_attempts, ex=HOUR)
        assert 0 < windows().ask(MESSAGES, cast.alice.pk, "too much")[0] <= 60
        assert client.ttl(tried) <= 60
