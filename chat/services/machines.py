"""Machines that serve over the same database tell each other about themselves in a table."""

import datetime
from collections.abc import Sequence

from django.utils.crypto import salted_hmac

from chat import clock
from chat.models import Machine

#: A machine that was not seen for so long is gone, and its row is deleted.
GONE_SECONDS = 600


def fingerprint(key: str) -> str:
    """A digest that is equal for equal keys, and from which the key can't be computed."""
    return salted_hmac("gapless.machines", "fingerprint", secret=key, algorithm="sha256").hexdigest()[:16]


def note_machine(name: str, *, keys: Sequence[str], version: str) -> None:
    """Notes that this machine serves now. `keys`: its signing key, then older keys that it accepts. Repeating renews it."""
    prints = [fingerprint(key) for key in keys]
    said = {"signs_with": prints[0], "honours": prints, "version": version, "seen_at": clock.now()}
    Machine.objects.bulk_create(
        [Machine(name=name, **said)], update_conflicts=True, unique_fields=["name"], update_fields=list(said)
    )
    Machine.objects.filter(seen_at__lt=clock.now() - datetime.timedelta(seconds=GONE_SECONDS)).delete()


def forget_machines() -> None:
    """Nothing serves on this database: it has been restored, with the notes of those who served when it was copied."""
    Machine.objects.all().delete()
