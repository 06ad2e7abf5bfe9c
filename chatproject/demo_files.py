"""The demo's files: a picture, a document and a sound, generated here, stored and posted by the verbs."""

import contextlib
import datetime
import io
import math
import struct
import uuid
import wave
from collections.abc import Callable, Iterator

from PIL import Image, ImageDraw

from chat import clock
from chat.files import storage
from chat.files.sanitizing import sanitize, scratch
from chat.files.services import store_file
from chat.models import Channel, File, User
from chat.services import Draft, post_messages
from delivery.source import Committed

#: Red on black, for eyes at night; and the sectors in which a boat can't sail.
NIGHT, RED, DIM = (10, 6, 6), (232, 62, 48), (92, 26, 22)
#: Samples a second of the sound, and its notes: Hz and seconds.
RATE = 8_000
JINGLE = ((523, 0.14), (659, 0.14), (784, 0.14), (1047, 0.42))

QUOTE = (
    "Brightwater Instruments: quote for packaging, Anchor 2",
    "",
    "Box 210 x 140 x 95 mm, corrugated cardboard, one colour",
    "2,000 pieces     0.74 EUR each",
    "5,000 pieces     0.61 EUR each",
    "Without the plastic window: 0.11 EUR less a piece",
    "",
    "Delivery three weeks after the print file is approved.",
)


@contextlib.contextmanager
def posted_demo_files(people: dict[str, User], *, tell: Callable[[str], None]) -> Iterator[None]:
    """Posts the messages with files, as the last ones of their channels, within the block; a failure leaves no bytes behind."""
    folders: list[str] = []
    try:
        _give(people, folders)
        tell(f"{len(folders)} files")
        yield
    except BaseException:
        for folder in folders:
            storage.delete_folder(folder)
        raise


def _give(people: dict[str, User], folders: list[str]) -> None:
    said = (
        (9, "design", "emi", "Night mode at its lowest step, from the real device:", "night-mode.png", _dial()),
        (6, "design", "grace", "And the quote for the boxes.", "Packaging quote.pdf", _document(QUOTE)),
        (2, "engineering", "emi", "The label printer. Sound on!", "label-printer.wav", _sound()),
    )
    for minutes, channel, username, body, name, content in said:
        with clock.at(clock.now() - datetime.timedelta(minutes=minutes)):
            row = _kept(people[username], name=name, content=content)
            folders.append(row.folder)
            _say(people[username], Channel.objects.get(name=channel), body, file=row)


def _kept(author: User, *, name: str, content: bytes) -> File:
    with scratch() as held:
        held.write(content)
        return store_file(author, sanitize(held, name=name))


def _say(author: User, channel: Channel, body: str, *, file: File) -> None:
    draft = Draft(channel=channel.pk, sender=author.pk, client_msg_id=uuid.uuid4(), body=body, files=(file.pk,))
    [outcome] = post_messages([draft])
    if not isinstance(outcome, Committed):
        raise outcome


def _dial() -> bytes:
    """A wind display, 1200 × 900."""
    image = Image.new("RGB", (1200, 900), NIGHT)
    drawn = ImageDraw.Draw(image)
    x, y, radius = 600, 450, 380
    box = (x - radius, y - radius, x + radius, y + radius)
    for begins in (-90, -135):
        drawn.pieslice(box, begins, begins + 45, fill=(34, 12, 11))
    drawn.ellipse(box, outline=RED, width=6)
    for degrees in range(0, 360, 10):
        is_long = degrees % 30 == 0
        ends = [_on_circle(x, y, radius - inner, degrees) for inner in (12, 56 if is_long else 34)]
        drawn.line(ends, fill=RED if is_long else DIM, width=7 if is_long else 4)
    tip, left, right = (_on_circle(x, y, far, degrees) for far, degrees in ((radius - 70, 38), (44, 128), (44, 308)))
    drawn.polygon([tip, left, right], fill=RED)
    drawn.ellipse((x - 30, y - 30, x + 30, y + 30), fill=NIGHT, outline=RED, width=6)
    drawn.text((x, y + 150), "17.4", fill=RED, anchor="mm", font_size=150)
    drawn.text((x, y + 250), "knots", fill=DIM, anchor="mm", font_size=48)
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()


def _on_circle(x: int, y: int, radius: int, degrees: int) -> tuple[float, float]:
    angle = math.radians(degrees - 90)
    return x + radius * math.cos(angle), y + radius * math.sin(angle)


def _document(lines: tuple[str, ...]) -> bytes:
    """One page of PDF."""
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    text = f"BT /F1 14 Tf 60 780 Td 24 TL {shown} ET"
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    written, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(written))
        written += f"{number} 0 obj{each}endobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    head = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Root 1 0 R/Size {len(objects) + 1}>>"
    return written + f"{head}\nstartxref\n{len(written)}\n%%EOF".encode()


def _sound() -> bytes:
    """Four notes that fade."""
    held = io.BytesIO()
    with wave.open(held, "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(RATE)
        for pitch, seconds in JINGLE:
            count = int(RATE * seconds)
            heights = (math.sin(math.tau * pitch * at / RATE) * (1 - at / count) for at in range(count))
            tone.writeframes(b"".join(struct.pack("<h", int(9_000 * height)) for height in heights))
    return held.getvalue()
