"""Which constraint a database error is about: recognised by name, never by the text of the message."""

from django.db import Error


def violates(error: Error, name: str) -> bool:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == name
