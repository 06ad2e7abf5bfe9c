"""A standby of a PostgreSQL of the harness: made by pg_basebackup, fed by streaming, and promoted."""

import shutil
import subprocess
from pathlib import Path

from chatproject.embedded.keeper import Keeper, postgres_binaries
from chatproject.embedded.services import DATABASE, Services
from tests.faults.services import Postgres
from tests.stage.sentinels import until


class Standby(Postgres):
    """Not started yet. folder: is made."""

    def __init__(self, primary: Postgres, folder: Path) -> None:
        folder.mkdir(mode=0o711)
        keeper = Keeper(Services(folder))
        cluster = folder / "postgres"
        cluster.mkdir(mode=0o700)
        keeper._hand_over(cluster)
        source = ["-h", str(primary.socket.parent), "-U", DATABASE]
        copied = ["-D", str(cluster), "-X", "stream", "-c", "fast", "--no-sync", "--write-recovery-conf"]
        command = [str(postgres_binaries() / "pg_basebackup"), *source, *copied]
        subprocess.run(command, check=True, capture_output=True, **keeper._identity())
        keeper._prepare()
        super().__init__(keeper)
        self._primary = primary
        self._folder = folder

    def is_level(self) -> bool:
        """Whether it has all that the primary has written."""
        [(written,)] = self._primary.run("SELECT pg_current_wal_lsn()")
        [(replayed,)] = self.run("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written)
        return bool(replayed)

    def be_waited_for(self) -> None:
        """From here on the primary acknowledges nothing that this one does not have on its disk."""
        self._primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self._primary.run("SELECT pg_reload_conf()")
        until(lambda: self._primary.run("SELECT sync_state FROM pg_stat_replication") == [("sync",)])

    def hear_no_more(self) -> None:
        """It gets nothing from here on; the primary goes on alone."""
        self.run("ALTER SYSTEM SET primary_conninfo = ''")
        self.run("SELECT pg_reload_conf()")
        until(lambda: not self.run("SELECT 1 FROM pg_stat_wal_receiver"))

    def promote(self) -> None:
        """Returns when it takes writes."""
        assert self.run("SELECT pg_promote(true, 30)") == [(True,)]

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
