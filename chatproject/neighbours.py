"""What only shows when all machines, or all people, are looked at together: keys that differ, proxies that hide who comes."""

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

#: A machine that serves has said so since.
SEEN_SECONDS = 180
#: With fewer people than this, one address may be one room.
ENOUGH_PEOPLE = 5
LOOKED_BACK_DAYS = 30
LOCAL = {"localhost", "127.0.0.1", "::1"}


def is_reached_by_others() -> bool:
    """Whether people come from anywhere but this machine."""
    return any(urlsplit(origin).hostname not in LOCAL for origin in settings.ALLOWED_ORIGINS)


def machines() -> Iterator[Finding]:
    """Whether all that serve over this database, and we ourselves, honour each other's sessions, and are of one release."""
    seen = list(Machine.objects.seen_since(clock.now() - datetime.timedelta(seconds=SEEN_SECONDS)))
    keys = {machine.signs_with for machine in seen}
    foreign = [machine.name for machine in seen if not keys <= set(machine.honours)]
    ours = {fingerprint(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)}
    if foreign:
        says = f"{', '.join(foreign)} honour other keys than the rest: who signs in at one machine is a stranger at another."
        yield Finding(
            "machines", "wrong", says, "Set the same SECRET_KEY on all (or the others' as SECRET_KEY_FALLBACKS)."
        )
    elif not keys <= ours:
        says = "the machines that serve have another SECRET_KEY than this command."
        yield Finding("machines", "warning", says, "Run it with the environment that they have.")
    versions = sorted({machine.version for machine in seen})
    if len(versions) > 1:
        says = f"{len(seen)} machines serve with the versions {', '.join(versions)}."
        yield Finding("machines", "warning", says, "Go on with the deployment, or roll it back.")
    elif not foreign:
        yield Finding("machines", "ok", f"{len(seen)} serve" + (f", all with version {versions[0]}" if seen else ""))


def pools() -> Iterator[Finding]:
    """Whether PostgreSQL takes the connections of all machines that serve, if they are all set like this one."""
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
    """Whether all people seem to come from one address: that of a proxy which is not trusted to say theirs."""
    since = clock.now() - datetime.timedelta(days=LOOKED_BACK_DAYS)
    recent = SignInAddress.objects.filter(last_at__gte=since)
    lines = list(recent.values("line").annotate(people=Count("user", distinct=True)).order_by("-people")[:2])
    people = sum(line["people"] for line in lines)
    if len(lines) == 1 and people >= ENOUGH_PEOPLE and is_reached_by_others():
        line = lines[0]["line"]
        says = f"all {people} people have signed in from {line}: limits by address hold them together."
        yield Finding(
            "proxies", "warning", says, f"If it is your proxy: TRUSTED_PROXIES={line}, and let it set X-Forwarded-For."
        )
    else:
        yield Finding("proxies", "ok", "people don't all come from one address")
