"""The chat of the Channels tutorial: one layer channel a socket, messages go to a group, nothing is stored.

LAYER: `core` or `pubsub`; REDIS_URL. An ASGI application for daphne or uvicorn.
"""

import json
import os
from typing import Any

import django
from django.conf import settings

LAYERS = {"core": "channels_redis.core.RedisChannelLayer", "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer"}
# Without a timeout of their own, redis 8's cuts the core layer off after five quiet seconds.
_HOST = {"address": os.environ["REDIS_URL"], "socket_timeout": None}
settings.configure(
    SECRET_KEY="benchmark",
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": LAYERS[os.environ["LAYER"]],
            # As many as a process may hold, so that it is slow rather than losing.
            "CONFIG": {"hosts": [_HOST], **({"capacity": 100_000} if os.environ["LAYER"] == "core" else {})},
        }
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402 (Django comes first)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402


class ChatConsumer(AsyncWebsocketConsumer):
    """Part 3 of the tutorial."""

    async def connect(self) -> None:
        await self.channel_layer.group_add("chat_lobby", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("chat_lobby", self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        message = json.loads(text_data or "{}")["message"]
        await self.channel_layer.group_send("chat_lobby", {"type": "chat.message", "message": message})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"message": event["message"]}))


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/", ChatConsumer.as_asgi())])})
