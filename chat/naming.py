"""Names of people, channels and topics: normalised, visible, and distinguishable by eye. Knows text, and no rows.

Two names that look alike have one look: the skeleton of Unicode's technical standard 39, with the confusables that the
package confusable_homoglyphs ships.
"""

import json
import re
import unicodedata
from functools import cache
from importlib import resources

from delivery.wire.errors import Invalid

#: Marks above and below one letter; languages need up to three (Vietnamese, pointed Hebrew).
MOST_MARKS = 3

#: Words by which a message calls many people, or that mean the reader: nobody's name.
CALLS = frozenset({"all", "channel", "everyone", "gapless", "here", "me"})
#: Stands in the place of a username for all of the staff in what customers read, and is nobody's.
STAFF_USERNAME = "support-staff"
#: What the usernames of erased people begin with, and nobody else's.
ERASED_USERNAME = "deleted-user"
#: Words that promise an office: only staff may be called so.
OFFICES = frozenset({"admin", "administrator", "root", "support", "system"})

#: Beside formatting, what Unicode says to draw nothing for (Default_Ignorable_Code_Point: letters, marks, and places that are
#: kept for such); the Braille pattern without dots, and a note without a head.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001d159\U000e0000-\U000e0fff]"
)
_ZERO_WIDTH_JOINERS = frozenset("\u200c\u200d")
_EMOJI_SELECTOR, _KEYCAP = "\ufe0f", "\u20e3"
#: They choose between the shapes of a Mongolian letter.
_MONGOLIAN_SELECTORS = frozenset("\u180b\u180c\u180d\u180f")
_SPACES = re.compile(r"\s+")
#: What is kept of folds and looks: longer ones that begin alike are the same, and each fits into an index.
_KEPT = 200


def clean_name(text: str, *, what: str, most: int) -> str:
    """The name in NFC, with single spaces; empty stays empty. `what` begins the sentence of a refusal; `most` characters.

    Raises Invalid for controls, blanks that are not spaces, reversed text, stacked marks, and what is too long.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(f"{what} is not valid Unicode: it has half of a surrogate pair.") from None
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise Invalid(f"{what} can't contain line breaks or other control characters.")
    name = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    if len(name) > most:
        raise Invalid(f"{what} has at most {most} characters.")
    for place, character in enumerate(name):
        if _is_hidden(name, place, character):
            raise Invalid(f"{what} can't contain characters that nobody sees.")
    if _has_stacked_marks(name):
        raise Invalid(f"{what} can't have more than {MOST_MARKS} marks on one letter.")
    if name and shows_nothing(name):
        raise Invalid(f"{what} shows nothing.")
    return name


def shows_nothing(text: str) -> bool:
    """Whether a reader would see an empty place: only spaces, formatting and marks without a letter."""
    return not any(_is_seen(character) for character in text)


def without_unseen(text: str) -> str:
    """In NFC, without characters that nobody sees and without stacked marks: for names that are cleaned and not refused."""
    seen = "".join(character for place, character in enumerate(text) if not _is_hidden(text, place, character))
    kept, marks = [], 0
    for character in unicodedata.normalize("NFD", seen):
        marks = marks + 1 if _is_mark(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def fold(name: str) -> str:
    """By this two names are the same, whatever their case, width, and the spelling of their accents; 200 characters at most."""
    folded = unicodedata.normalize("NFKC", _without_formatting(name)).casefold()
    return unicodedata.normalize("NFKC", folded)[:_KEPT]


def look(name: str) -> str:
    """By this two names are the same to the eye (UTS 39, section 4), 200 characters at most; never shown."""
    prototypes = _prototypes()
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", _without_formatting(name)))
    skeleton = "".join(prototypes.get(letter, letter) for letter in letters)
    return unicodedata.normalize("NFC", skeleton).casefold()[:_KEPT]


def looks(name: str) -> tuple[str, str]:
    """The looks of a name as written and in small letters: a capital I looks like an l, and is typed as an i."""
    return look(name), look(fold(name))


def require_free_word(username: str, *, is_staff: bool) -> None:
    """Raises Invalid for a reserved word, and for what looks like one."""
    reserved = {*CALLS, STAFF_USERNAME, *(() if is_staff else OFFICES)}
    if any(set(looks(word)) & set(looks(username)) for word in reserved):
        raise Invalid("This username is reserved: take another one.")
    if any(seen.startswith(look(ERASED_USERNAME)) for seen in looks(username)):
        raise Invalid("This is how people are called who were erased: take another username.")


def _is_seen(character: str) -> bool:
    # Not assigned (Cn) is what a newer Unicode may know: an emoji of next year. Controls are drawn as boxes (CSS Text 3).
    category = unicodedata.category(character)
    is_drawn = category[0] in "LNPS" or category == "Cn" or (category == "Cc" and not character.isspace())
    return is_drawn and not _UNSEEN.match(character)


def _without_formatting(name: str) -> str:
    return "".join(
        character for character in name if unicodedata.category(character) != "Cf" and character != _EMOJI_SELECTOR
    )


def _is_hidden(name: str, place: int, character: str) -> bool:
    if character in _ZERO_WIDTH_JOINERS:
        return not _joins(name, place)
    if character == _EMOJI_SELECTOR or character in _MONGOLIAN_SELECTORS:
        return not _selects(name, place)
    return unicodedata.category(character) in ("Cf", "Co", "Zl", "Zp") or bool(_UNSEEN.match(character))


def _joins(name: str, place: int) -> bool:
    """Joiners have a meaning between emoji, and between letters of scripts that join (Persian, Hindi)."""
    return 0 < place < len(name) - 1 and all(_may_join(name[beside]) for beside in (place - 1, place + 1))


def _may_join(character: str) -> bool:
    if character == _EMOJI_SELECTOR or unicodedata.category(character) in ("So", "Sk", "Mn", "Mc"):
        return not character.isascii()
    script = unicodedata.name(character, "").partition(" ")[0]
    return character.isalpha() and script not in ("LATIN", "GREEK", "CYRILLIC", "FULLWIDTH")


def _selects(name: str, place: int) -> bool:
    """Whether a variation selector has a meaning here: after a Mongolian letter, a symbol, or the sign on a keycap."""
    before, after = name[max(0, place - 1) : place], name[place + 1 : place + 2]
    if name[place] in _MONGOLIAN_SELECTORS:
        return unicodedata.name(before or " ", "").startswith("MONGOLIAN")
    return after == _KEYCAP or bool(before and not before.isascii() and unicodedata.category(before)[0] in "SP")


def _has_stacked_marks(name: str) -> bool:
    marks = 0
    for character in unicodedata.normalize("NFD", name):
        marks = marks + 1 if _is_mark(character) else 0
        if marks > MOST_MARKS:
            return True
    return False


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


@cache
def _prototypes() -> dict[str, str]:
    """Each confusable character with the one that stands for all that look like it: of a pair, the one with more twins."""
    shipped = resources.files("confusable_homoglyphs").joinpath("confusables.json").read_text("utf-8")
    twins = {letter: [twin["c"] for twin in those] for letter, those in json.loads(shipped).items()}
    found: dict[str, str] = {}
    for letter, those in twins.items():
        prototype = max(those, key=lambda twin: len(twins.get(twin, ())))
        if len(letter) == 1 and len(twins[prototype]) > len(those):
            found[letter] = prototype.strip("\u200e")
    return found
