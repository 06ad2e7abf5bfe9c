"""What is said over HTTP of what was refused. The server's door says it by itself, before anybody knows whose request it is."""

import http
from typing import Annotated

import msgspec


class BareProblem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457, with the code that the socket would say."""

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
    """`status`: the refusal's own, but where HTTP says it more finely."""
    return BareProblem(
        type=f"urn:gapless:{code}",
        title=http.HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        retry_after=msgspec.UNSET if retry_after is None else retry_after,
    )
