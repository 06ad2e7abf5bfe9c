"""A conversation as text."""

from typing import Annotated

import msgspec


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """The messages as text, without the notes."""

    text: str
    mailed_to: Annotated[
        str | None, msgspec.Meta(description="The customer's address that gets it by mail; null: no mail.")
    ]


TRANSCRIPT = Transcript(text="Vera, 2026-11-23 09:30 UTC:\nWhere is my parcel?", mailed_to="vera@home.example")
