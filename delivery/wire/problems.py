"""Refusals over HTTP as problem documents. The server sends some itself, before the request's user is known."""

import http
from typing import Annotated

import msgspec


class BareProblem(msgspec.Struct, frozen=True, kw_only=True):
    """An RFC 9457 problem, with the same code as on the socket."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    retry_after: (
        Annotated[float, msgspec.Meta(description="Seconds after which the same may be sent again.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


def spell_problem(code: str, detail: str, *, status: int, retry_after: float | None) -> BareProblem:
    """The problem. `status`: the refusal's own, unless HTTP has a more exact one."""
    return BareProblem(
        type=f"urn:gapless:{code}",
        title=http.HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        retry_after=msgspec.UNSET if retry_after is None else retry_after,
    )
