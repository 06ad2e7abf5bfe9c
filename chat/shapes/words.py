"""Types that fields of several shapes use, and the time in all examples."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from chat.models import ChannelKind, NotifyLevel, Role, Scope, Verdict
from chat.rights.table import Right

Absent = msgspec.UnsetType

#: Ids from PostgreSQL.
Id = int


def _one_of(choices: Iterable[Any]) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"enum": [str(choice) for choice in choices]})


Kind = Annotated[str, _one_of(ChannelKind.values)]
RoleName = Annotated[str, _one_of(Role.values)]
RightName = Annotated[str, _one_of(Right)]
ScopeName = Annotated[str, _one_of(Scope.values)]
LevelName = Annotated[str, _one_of(NotifyLevel.values)]
VerdictName = Annotated[str, _one_of(Verdict.values)]

#: The time in all examples.
THEN = "2026-11-23T09:30:00.000000Z"
