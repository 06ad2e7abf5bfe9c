"""The Python client: `Client` stays and misses nothing; `connection.Connection` is one connection. Needs websockets and msgspec."""

from delivery.client.staying import Client, Ended, Event

__all__ = ["Client", "Ended", "Event"]
