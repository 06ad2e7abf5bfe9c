"""Files as rows, for what is about messages that have them and not about bytes."""

import secrets
from typing import Any

from chat import clock
from chat.models import File, User


def file_of(user: User, name: str = "plan.png", *, is_whole: bool = True, **fields: Any) -> File:
    """One that the user gave just now; its bytes are nowhere."""
    now = clock.now()
    given = {"size": 48_211, "type": "image/png", "width": 1280, "height": 720, **fields}
    whole_at = now if is_whole else None
    return File.objects.create(
        uploader=user, name=name, folder=secrets.token_hex(16), whole_at=whole_at, created_at=now, **given
    )
