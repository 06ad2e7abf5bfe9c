"""The files of a message as they are drawn, and how large before they are there. The page's files/shown.js says the same."""

from dataclasses import dataclass

from chat import shapes
from chat.spelling import spell_size

#: What a picture may take of the page.
MOST_WIDTH, MOST_HEIGHT = 360, 320
#: What browsers show and play, as the types that the server gives inline.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})


@dataclass(frozen=True, slots=True)
class FileLook:
    id: int
    name: str
    size: str
    url: str
    #: picture, video, audio or card.
    look: str
    shown: str
    width: int
    height: int


def look_of(file: shapes.File) -> FileLook:
    width, height = _fitted(file.width or 0, file.height or 0)
    return FileLook(
        id=file.id,
        name=file.name,
        size=spell_size(file.size),
        url=file.url,
        look=_look(file),
        shown=file.preview or file.url,
        width=width,
        height=height,
    )


def _look(file: shapes.File) -> str:
    if file.type in PICTURES and file.width and file.height:
        return "picture"
    kind = file.type.partition("/")[0]
    return kind if kind in ("video", "audio") else "card"


def _fitted(width: int, height: int) -> tuple[int, int]:
    if not width or not height:
        return 0, 0
    scale = min(1, MOST_WIDTH / width, MOST_HEIGHT / height)
    return max(1, int(width * scale + 0.5)), max(1, int(height * scale + 0.5))
