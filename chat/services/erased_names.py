"""Usernames of erased people: nobody can take one and look like the erased person."""

import hashlib

from chat.models import ErasedName
from chat.naming import looks
from delivery.wire.errors import Invalid


def keep_free(username: str) -> None:
    """Reserves the name for ever, with all names that look like it."""
    ErasedName.objects.bulk_create((ErasedName(digest=digest) for digest in _digests(username)), ignore_conflicts=True)


def require_never_erased(username: str) -> None:
    """Raises Invalid for the username of an erased person, and for names that look like it."""
    if was_erased(username):
        raise Invalid("This username belonged to a person who was erased: choose another one.")


def was_erased(username: str) -> bool:
    return ErasedName.objects.filter(digest__in=_digests(username)).exists()


def _digests(username: str) -> set[str]:
    return {hashlib.sha256(f"{kind} {seen}".encode()).hexdigest() for kind, seen in enumerate(looks(username))}
