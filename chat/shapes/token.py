"""Tokens of the caller's programs, as clients get them."""

from typing import Annotated

import msgspec

from chat import models
from chat.shapes.words import THEN, Id, ScopeName
from delivery.wire.types import Time, spell_time


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret."""

    id: Id
    name: str
    scopes: list[ScopeName]
    created_at: Time
    last_used_at: Annotated[Time | None, msgspec.Meta(description="Updated at most once a minute.")]
    expires_at: Time | None
    parent: Annotated[int | None, msgspec.Meta(description="The token that created it, and with which it ends.")]


class NewToken(Token, frozen=True, kw_only=True):
    """A new token with its secret, which is shown only once."""

    secret: str


TOKEN = Token(
    id=7,
    name="build bot",
    scopes=["read", "write"],
    created_at=THEN,
    last_used_at=None,
    expires_at="2027-11-23T00:00:00.000000Z",
    parent=None,
)
NEW_TOKEN = NewToken(
    **msgspec.structs.asdict(TOKEN),
    secret="gapless_mDqGTAV0cGqTnqF2pTgGr1cJ0yv0hTgB3b0E5m3yZ0c",  # noqa: S106 (of nobody)
)


def token_of(row: models.Token) -> Token:
    return Token(
        id=row.pk,
        name=row.name,
        scopes=row.scopes,
        created_at=spell_time(row.created_at),
        last_used_at=spell_time(row.last_used_at),
        expires_at=spell_time(row.expires_at),
        parent=row.parent_id,
    )


def new_token_of(row: models.Token, *, secret: str) -> NewToken:
    return NewToken(**msgspec.structs.asdict(token_of(row)), secret=secret)
