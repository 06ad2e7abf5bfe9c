"""What an installation that serves says of itself to the others over the same database."""

import datetime
from collections.abc import Sequence

from django.utils.crypto import salted_hmac

from chat import clock
from chat.models import Machine

#: One that was not seen for so long is gone, and forgotten.
GONE_SECONDS = 600


def fingerprint(key: str) -> str:
    """The same for the same key, and nothing by which the key could be found."""
    return salted_hmac("gapless.machines", "fingerprint", secret=key, algorithm="sha256").hexdigest()[:16]


def note_machine(name: str, *, keys: Sequence[str], version: str) -> None:
    """It serves now. `keys`: the one that it signs with, then the older ones that it honours. Repeating renews it."""
    prints = [fingerprint(key) for key in keys]
    said = {"signs_with": prints[0], "honours": prints, "version": version, "seen_at": clock.now()}
    Machine.objects.bulk_create(
        [Machine(name=name, **said)], update_conflicts=True, unique_fields=["name"], update_fields=list(said)
    )
    Machine.objects.filter(seen_at__lt=clock.now() - datetime.timedelta(seconds=GONE_SECONDS)).delete()
