"""A web process that is forked from the loaded product is as one that has started: its settings and limits are its own."""

import json
import subprocess
import sys
import time
from typing import Any

from tests.stage import forked
from tests.stage.servers import ROOT, Server

#: What a process has for settings, and what it has kept from when it was loaded.
TELLS = """
import json, os
from django.conf import settings
from django.db import connection
from chat.api import inputs
from chat.support.api import conversations
from chatproject import asgi, env
from delivery import metrics
here = {name: repr(getattr(settings, name)) for name in dir(settings) if name.isupper()}
known = {name: reading.source for name, reading in env.READINGS.items()}
given = {name: value for name, value in env.GIVEN.items() if name != "PYTEST_CURRENT_TEST"}
kept = [inputs.Rows.__metadata__[-1].max_length, asgi.pace._per_minute, conversations.LIMITS == settings.LIMITS]
connects = repr(connection.settings_dict)
said = {"settings": here, "known": known, "given": given, "kept": kept, "connects": connects}
print(json.dumps([os.getppid(), metrics.turned_at._value.get(), said]))
"""
#: Objects of each process, the order of a set, and what Django completes where it connects.
DIFFERENT = ("LOGGING", "ALWAYS_ANSWERED", "DATABASES")
COMMAND = ("manage.py", "shell", "--verbosity", "0", "-c", TELLS)


def environ(**own: str) -> dict[str, str]:
    return {**Server(**own).environ(), **own}


def started(**own: str) -> tuple[int, float, dict[str, Any]]:
    """Its parent, the moment at which it began, and what it has."""
    process = forked.ended(*COMMAND, cwd=ROOT, env=environ(**own))
    assert process.returncode == 0, process.stderr
    parent, began_at, said = json.loads(process.stdout)
    return parent, began_at, said


def test_what_is_forked_from_the_loaded_product_has_settings_and_limits_of_its_own(db: None) -> None:
    own = {"PORT": "12001", "GAPLESS_LIMIT_TOKENS": "7", "SIGN_UP": "closed", "LOG_LEVEL": "ERROR"}
    # From the second of its kind on.
    loaded = [started()[0] for _ in range(2)][-1]
    before = time.time()
    parent, began_at, said = started(**own)
    assert parent == loaded
    assert before <= began_at
    alone = subprocess.run([sys.executable, *COMMAND], cwd=ROOT, env=environ(**own), stdout=subprocess.PIPE, check=True)
    expected = json.loads(alone.stdout)[-1]
    for name in DIFFERENT:
        assert said["settings"].pop(name)
        del expected["settings"][name]
    assert said == expected


def test_what_is_kept_from_a_load_with_another_limit_or_environment_is_never_used(db: None) -> None:
    started()
    loaded, _, usual = started()
    limited, _, said = started(GAPLESS_LIMIT_BULK="9")
    assert (said["kept"][0], limited == loaded) == (9, False)
    assert usual["kept"][0] != 9
    foreign, _, _ = started(OTEL_SERVICE_NAME="another")
    assert foreign != loaded
