"""How a message's files are drawn, and their size before they have loaded. The page's files/shown.js has the same rules."""

from dataclasses import dataclass

from chat import shapes
from chat.formatting import format_size

#: The largest width and height of a picture on the page.
MOST_WIDTH, MOST_HEIGHT = 360, 320
#: Types that browsers show and play: the server sends them inline.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})


@dataclass(frozen=True, slots=True)
class FileLook:
    id: int
    name: str
    size: str
    url: str
    #: How it is drawn: picture, video, audio or card.
    look: str
    shown: str
    width: int
    height: int


def look_of(file: shapes.File) -> FileLook:
    width, height = _fitted(file.width or 0, file.height or 0)
    return FileLook(
        id=file.id,
        name=file.name,
        size=format_size(file.size),
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
