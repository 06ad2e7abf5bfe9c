"""What a file is called: the name that it came with, without its path and without what nobody sees."""

import re
import unicodedata

from chat.models.file import NAME_CHARACTERS
from chat.naming import shows_nothing, without_unseen

_SPACES = re.compile(r"\s+")
#: Characters of an ending that is kept when a name is cut.
_ENDING_CHARACTERS = 16


def file_name(given: str) -> str:
    """At most 120 characters; `file` where nothing of it is left that is seen."""
    last = _SPACES.sub(" ", re.split(r"[/\\]", given)[-1])
    # Controls, and halves of pairs, are in no other name; the rest is what people and channels may not be called either.
    said = "".join(one for one in last if unicodedata.category(one) not in ("Cc", "Cs"))
    name = _SPACES.sub(" ", without_unseen(said)).strip(" .")
    return "file" if shows_nothing(name) else _cut(name)


def _cut(name: str) -> str:
    if len(name) <= NAME_CHARACTERS:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _ENDING_CHARACTERS:
        return name[:NAME_CHARACTERS].rstrip()
    return stem[: NAME_CHARACTERS - len(ending) - 1].rstrip() + dot + ending
