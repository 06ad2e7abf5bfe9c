"""Findings about all machines or all people together: keys that differ, proxies that hide people's addresses."""

import datetime
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.db.models import Count

from chat import clock
from chat.models import Machine, SignInAddress
from chat.services.machines import fingerprint
from chatproject.findings import Finding

#: A serving machine has noted itself within so long.
SEEN_SECONDS = 180
#: Fewer people than this may really share one address.
ENOUGH_PEOPLE = 5
LOOKED_BACK_DAYS = 30
LOCAL = {"localhost", "127.0.0.1", "::1"}


def is_reached_by_others() -> bool:
    """Whether people on other machines can reach this server."""
    return any(urlsplit(origin).hostname not in LOCAL for origin in settings.ALLOWED_ORIGINS)


def machines() -> Iterator[Finding]:
    """Whether all machines on this database, and this command, accept each other's sessions and have the same release."""
    seen = list(Machine.objects.seen_since(clock.now() - datetime.timedelta(seconds=SEEN_SECONDS)))
    keys = {machine.signs_with for machine in seen}
    foreign = [machine.name for machine in seen if not keys <= set(machine.honours)]
    ours = {fingerprint(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}
    if foreign:
        says = (
            f"{', '.join(foreign)} accept other keys than the rest: a session of one machine is not valid on another."
        )
        yield Finding(
            "machines", "wrong", says, "Set the same SECRET_KEY on all (or the others' as SECRET_KEY_FALLBACKS)."
        )
    elif not keys <= ours:
        says = "the machines that serve have another SECRET_KEY than this command."
        yield Finding("machines", "warning", says, "Run it with their environment.")
    versions = sorted({machine.version for machine in seen})
    if len(versions) > 1:
        says = f"{len(seen)} machines serve with the versions {', '.join(versions)}."
        yield Finding("machines", "warning", says, "Continue the deployment, or roll it back.")
    elif not foreign:
        yield Finding("machines", "ok", f"{len(seen)} serve" + (f", all with version {versions[0]}" if seen else ""))


def pools() -> Iterator[Finding]:
    """Whether PostgreSQL accepts the connections of all serving machines, if all have the settings of this one."""
    serving = Machine.objects.seen_since(clock.now() - datetime.timedelta(seconds=SEEN_SECONDS)).count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_connections')::int")
        [most] = cursor.fetchone()
    wanted = serving * settings.WEB_WORKERS * settings.DATABASE_POOL
    if serving > 1:
        says = f"{serving} machines with {settings.WEB_WORKERS} processes each may open {wanted} of {most}"
        is_too_much = wanted >= most
        do = "Lower GAPLESS_LIMIT_POOL on all of them, or raise max_connections." if is_too_much else ""
        yield Finding("connections", "wrong" if is_too_much else "ok", says, do)


def addresses() -> Iterator[Finding]:
    """Whether all people seem to come from one address: that of a proxy that is not in TRUSTED_PROXIES."""
    since = clock.now() - datetime.timedelta(days=LOOKED_BACK_DAYS)
    recent = SignInAddress.objects.filter(last_at__gte=since)
    lines = list(recent.values("line").annotate(people=Count("user", distinct=True)).order_by("-people")[:2])
    people = sum(line["people"] for line in lines)
    if len(lines) == 1 and people >= ENOUGH_PEOPLE and is_reached_by_others():
        line = lines[0]["line"]
        says = f"all {people} people have signed in from {line}: limits by address count them together."
        yield Finding(
            "proxies", "warning", says, f"If it is your proxy: TRUSTED_PROXIES={line}, and let it set X-Forwarded-For."
        )
    else:
        yield Finding("proxies", "ok", "people don't all come from one address")
