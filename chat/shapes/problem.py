"""A refusal over HTTP, with the id of its request."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from chat.shapes.words import Absent
from delivery.wire.errors import Claimed, Overtaken, Refused
from delivery.wire.frames import Person, SpelledMessage
from delivery.wire.problems import BareProblem, spell_problem
from delivery.wire.types import Time


class Problem(BareProblem, frozen=True, kw_only=True):
    """An RFC 9457 problem, with the same code as on the socket."""

    request_id: Annotated[str, msgspec.Meta(description="The id in the header X-Request-ID and in the server's log.")]
    errors: (
        Annotated[
            Mapping[str, list[str]],
            msgspec.Meta(description="Sentences by field or parameter."),
        ]
        | Absent
    ) = msgspec.UNSET
    missed: (
        Annotated[Sequence[SpelledMessage], msgspec.Meta(description="With `overtaken`: the messages since.")] | Absent
    ) = msgspec.UNSET
    who: Annotated[Person, msgspec.Meta(description="With `claimed`: the agent who holds it.")] | Absent = msgspec.UNSET
    until: (
        Annotated[Time, msgspec.Meta(description="With `claimed`: the lease's end, if the agent does not work.")]
        | Absent
    ) = msgspec.UNSET


PROBLEM = Problem(
    type="urn:gapless:not_found",
    title="Not Found",
    status=404,
    detail="There is nothing here, or nothing that you may see.",
    code="not_found",
    request_id="5b0e6f0c-5d0b-4ad5-a3a1-27c9fb1b3c5e",
)


def problem_of(
    refusal: Refused, *, status: int, request_id: str, errors: Mapping[str, list[str]] | None = None
) -> Problem:
    """The problem. `status`: the refusal's own, unless HTTP has a more exact one."""
    retry_after = None if refusal.retry_after is None else round(refusal.retry_after, 3)
    bare = spell_problem(refusal.code, refusal.detail, status=status, retry_after=retry_after)
    return Problem(
        **msgspec.structs.asdict(bare),
        request_id=request_id,
        errors=errors or msgspec.UNSET,
        missed=[msgspec.Raw(raw) for raw in refusal.missed] if isinstance(refusal, Overtaken) else msgspec.UNSET,
        who=refusal.who if isinstance(refusal, Claimed) else msgspec.UNSET,
        until=refusal.until if isinstance(refusal, Claimed) else msgspec.UNSET,
    )
