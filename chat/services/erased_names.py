"""Usernames of people who were erased: nobody takes one to be taken for them."""

import hashlib

from chat.models import ErasedName
from chat.naming import looks
from delivery.wire.errors import Invalid


def keep_free(username: str) -> None:
    """Nobody takes this name, or one that looks like it, ever again."""
    ErasedName.objects.bulk_create((ErasedName(digest=digest) for digest in _digests(username)), ignore_conflicts=True)


def require_never_erased(username: str) -> None:
    """Raises Invalid for the name of a person who was erased, and for what looks like it."""
    if was_erased(username):
        raise Invalid("This username was somebody's who was erased: take another one.")


def was_erased(username: str) -> bool:
    return ErasedName.objects.filter(digest__in=_digests(username)).exists()


def _digests(username: str) -> set[str]:
    return {hashlib.sha256(f"{kind} {seen}".encode()).hexdigest() for kind, seen in enumerate(looks(username))}
