"""What the doctor finds, one thing each."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    about: str
    state: State
    says: str
    #: What to do; empty when all is well.
    do: str = ""
