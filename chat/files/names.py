"""What a file is called: the name that it came with, without its path and without what nobody sees."""

import re
import unicodedata

from chat.models.file import NAME_CHARACTERS

_SPACES = re.compile(r"\s+")
#: Controls and line breaks; formatting, which turns text around; halves of pairs; what has no meaning.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Characters of an ending that is kept when a name is cut.
_ENDING_CHARACTERS = 16


def file_name(given: str) -> str:
    """At most 120 characters; `file` where nothing of it is left."""
    last = re.split(r"[/\\]", given)[-1]
    seen = "".join(" " if _is_space(one) else one for one in last if _is_space(one) or _is_seen(one))
    name = _SPACES.sub(" ", unicodedata.normalize("NFC", seen)).strip(" .")
    return _cut(name) or "file"


def _is_space(character: str) -> bool:
    return character.isspace()


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN


def _cut(name: str) -> str:
    if len(name) <= NAME_CHARACTERS:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _ENDING_CHARACTERS:
        return name[:NAME_CHARACTERS].rstrip()
    return stem[: NAME_CHARACTERS - len(ending) - 1].rstrip() + dot + ending
