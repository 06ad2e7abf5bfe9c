"""A Valkey of a test's own, which can be killed, or given users with few rights."""

import signal
import subprocess
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from chatproject.embedded.keeper import _valkey_binary


class Valkey:
    """One of the test's own, that can be killed."""

    def __init__(self, folder: str) -> None:
        self.socket = Path(folder) / "valkey.sock"
        self.url = f"unix://{self.socket}?db=0"

    def start(self) -> None:
        place = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--dir", str(self.socket.parent)]
        self.process = subprocess.Popen([str(_valkey_binary()), *place], stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def ask(self) -> "redis.Redis":
        """Returns when it answers."""
        client = redis.Redis.from_url(self.url, decode_responses=True, retry=Retry(ConstantBackoff(0.05), 100))
        client.ping()
        return client
