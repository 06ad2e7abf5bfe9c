"""A finding of the doctor."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    about: str
    state: State
    says: str
    #: What the operator should do; empty if all is well.
    do: str = ""
