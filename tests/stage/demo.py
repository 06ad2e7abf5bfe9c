"""The command that plays the demo, and whether its people can sign in."""

import io

from django.contrib.auth import authenticate
from django.core.management import call_command


def demo(*options: str) -> str:
    """What it says."""
    said = io.StringIO()
    call_command("demo", *options, stdout=said)
    return said.getvalue()


def signs_in(username: str, password: str) -> bool:
    return authenticate(username=username, password=password) is not None
