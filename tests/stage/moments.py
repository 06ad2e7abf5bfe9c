"""The one base of every moment that tests speak of: the real clock when the tests began, so that they pass in any year.

A test takes the moved clock for its whole length (the fixture `standing_clock`, and `clock.at` inside it) or not at all.
"""

import datetime

from django.utils import timezone

#: The standing clock stands here.
NOW = timezone.now()
#: A midnight (UTC) that is past, whenever tests run.
DAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=2)
#: A moment that real time does not reach while tests run.
FAR = NOW + datetime.timedelta(days=3650)


def on_days(text: str) -> str:
    """The text with {eve}, {day} and {morrow} spelled as the dates around DAY, and {far} as that of FAR."""
    days = {name: DAY + datetime.timedelta(days=number) for number, name in ((-1, "eve"), (0, "day"), (1, "morrow"))}
    return text.format_map({name: f"{day:%Y-%m-%d}" for name, day in {**days, "far": FAR}.items()})


def zone_at_noon() -> str:
    """A browser's time zone in which it is noon now, within half an hour: no midnight passes while a test runs."""
    now = timezone.now()
    ahead = 12 - round(now.hour + now.minute / 60)
    # In these names the sign is turned round.
    return f"Etc/GMT{-ahead:+d}"
