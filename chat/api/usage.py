"""The rest of an allowance as headers: `X-RateLimit-Limit`, `-Remaining`, and `-Reset`, the seconds until one more is allowed."""

import math
from typing import TypeVar

from django.http import HttpResponseBase

from chat.allowances.window import Usage

Answer = TypeVar("Answer", bound=HttpResponseBase)


def with_usage(response: Answer, usage: Usage | None) -> Answer:
    """The response with the headers; without a limit it gets no headers."""
    if usage is not None:
        response["X-RateLimit-Limit"] = str(usage.limit)
        response["X-RateLimit-Remaining"] = str(usage.remaining)
        response["X-RateLimit-Reset"] = str(math.ceil(usage.reset))
    return response
