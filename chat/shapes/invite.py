"""Invitations, as clients get them."""

from typing import Annotated

import msgspec

from chat import models
from chat.shapes.words import THEN, Id
from delivery.wire.types import Time, spell_time


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    """A valid invitation of the caller's, without its link."""

    id: Id
    channels: list[int]
    uses: Annotated[int, msgspec.Meta(description="How many people it lets in.")]
    used: Annotated[int, msgspec.Meta(description="How many people have used it.")]
    created_at: Time
    expires_at: Time


class NewInvite(Invite, frozen=True, kw_only=True):
    """A new invitation with its link, which is shown only once."""

    url: Annotated[str, msgspec.Meta(extra_json_schema={"format": "uri"})]


INVITE = Invite(id=5, channels=[12], uses=10, used=3, created_at=THEN, expires_at=THEN)
NEW_INVITE = NewInvite(
    **msgspec.structs.asdict(INVITE),
    url="https://chat.example.org/invite/mDqGTAV0cGqTnqF2pTgGr1cJ0yv0hTgB3b0E5m3yZ0c/",
)


def invite_of(row: models.Invite) -> Invite:
    """Needs `channels` prefetched."""
    return Invite(
        id=row.pk,
        channels=sorted(channel.pk for channel in row.channels.all()),
        uses=row.uses,
        used=row.used,
        created_at=spell_time(row.created_at),
        expires_at=spell_time(row.expires_at),
    )


def new_invite_of(row: models.Invite, *, url: str) -> NewInvite:
    return NewInvite(**msgspec.structs.asdict(invite_of(row)), url=url)
