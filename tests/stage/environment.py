"""Loaded before Django's settings: tests have a data folder of their own, with a real PostgreSQL and a real Valkey in it.

Each of several pytest processes has its own: the channel layer's names are Valkey's, not a database's. Nothing is started for
tests that need nothing of it (`-m fast`).
"""

import atexit
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("GAPLESS_DATA", str(Path(__file__).resolve().parents[2] / ".data" / "test"))
os.environ["GAPLESS_DATA"] += f"/{os.environ['PYTEST_XDIST_WORKER']}" if "PYTEST_XDIST_WORKER" in os.environ else ""
os.environ["SECRET_KEY"] = "a key for tests of 32 characters or more"
os.environ["PORT"] = "8765"
os.environ["GAPLESS_LIMIT_POOL"] = "10"
# A test that is one transaction may begin processes meanwhile.
os.environ["GAPLESS_LIMIT_IDLE_IN_TRANSACTION_SECONDS"] = "300"
os.environ["DJANGO_SETTINGS_MODULE"] = "chatproject.settings"

import psycopg

from chatproject.embedded import services as embedded
from chatproject.embedded import start
from tests.stage import clusters

# Compiled once, also where the machine says otherwise: pytest would compile its plugins, and each web process the product.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Of this checkout: whenever pytest starts, it closes the folder of its temporary folders, also to PostgreSQL's account, which
# another checkout's tests have just let through to a folder in it.
_folders = Path(tempfile.gettempdir()) / f"tests-{hashlib.sha256(__file__.encode()).hexdigest()[:8]}"
_folders.mkdir(exist_ok=True)
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_folders))

_only_hands_out = "PYTEST_XDIST_WORKER" not in os.environ and "-n" in sys.argv
_needs_nothing = ("-m", "fast") in zip(sys.argv, sys.argv[1:], strict=False)
_needs_services = start.needs_services() and not _needs_nothing

if _needs_services and _only_hands_out:
    # While the others collect their tests.
    subprocess.Popen([sys.executable, "-m", "tests.stage.clusters"], cwd=clusters.ROOT)


def start_services() -> None:
    """Before the first test: what collects them asks for nothing of it."""
    if not _needs_services or _only_hands_out:
        return
    data = Path(os.environ["GAPLESS_DATA"])
    clusters.lay_migrated(data)
    services = embedded.ensure(data)
    atexit.register(embedded.leave, data)
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        # No test takes the power away: what was committed need not be on the disk, which takes longer than the tests.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
