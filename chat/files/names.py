"""Names of files: the uploaded name, without its path and without invisible characters."""

import re
import unicodedata

from chat.models.file import NAME_CHARACTERS
from chat.naming import shows_nothing, without_unseen

_SPACES = re.compile(r"\s+")
#: The longest ending, in characters, that is kept when a name is cut.
_ENDING_CHARACTERS = 16


def file_name(given: str) -> str:
    """The cleaned name, at most 120 characters; `file` if nothing visible is left."""
    last = _SPACES.sub(" ", re.split(r"[/\\]", given)[-1])
    # Removes controls and halves of surrogate pairs, then everything that names of people and channels may not have either.
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
