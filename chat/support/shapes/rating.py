"""A customer's own rating."""

from typing import Annotated

import msgspec

from chat.support import models


class OwnRating(msgspec.Struct, frozen=True, kw_only=True):
    """The customer's rating of the conversation's present episode."""

    asked: Annotated[bool, msgspec.Meta(description="Whether the customer can rate now.")]
    score: Annotated[int | None, msgspec.Meta(description="From 1 to 5; null: no rating.")]
    comment: str


OWN_RATING = OwnRating(asked=False, score=5, comment="Quick!")


def own_rating_of(row: models.Rating | None, *, asked: bool) -> OwnRating:
    if row is None:
        return OwnRating(asked=asked, score=None, comment="")
    return OwnRating(asked=asked, score=row.score, comment=row.comment)
