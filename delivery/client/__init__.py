"""The Python client: `Client` stays and misses nothing; `connection.Connection` is one connection. Needs websockets and msgspec."""

from delivery.client.client import Client
from delivery.client.connection import Ended
from delivery.client.view import Event
