"""`manage.py runserver`: daphne for development, with the production server's bound on frames."""

from argparse import ArgumentParser
from typing import Any

from daphne.management.commands.runserver import Command as DaphneCommand
from daphne.server import Server
from django.conf import settings


class BoundedServer(Server):
    """Answers a frame that is too big with close 1009, where autobahn by itself would drop the connection without a word."""

    @property
    def ws_factory(self) -> Any:
        return self._ws_factory

    @ws_factory.setter
    def ws_factory(self, factory: Any) -> None:
        factory.setProtocolOptions(failByDrop=False)
        self._ws_factory = factory


class Command(DaphneCommand):
    server_cls = BoundedServer

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        # Only for frames: autobahn holds what we send to its bound on messages.
        parser.set_defaults(websocket_max_frame_size=settings.LIMITS.frame_bytes)
