"""Runs a command, and returns its output."""

import json
from io import StringIO
from typing import Any

from django.core.management import call_command


def run(command: str, *arguments: str) -> Any:
    """What a command says with --json."""
    output = StringIO()
    call_command(command, *arguments, "--json", stdout=output)
    return json.loads(output.getvalue())
