"""Which three letters of a common word the trigram index is asked for: it reads through the list of each that it is asked for."""

import re
from collections.abc import Sequence

from chat import prepared_sql

LETTERS = 3

#: Texts that ANALYZE has kept, a hundred where nobody has said otherwise: they tell what is common. What none of them has is
#: found soon, whatever else of it is asked for.
_SAMPLE = """
SELECT histogram_bounds::text::text[] FROM pg_stats
WHERE schemaname = ANY(current_schemas(false)) AND tablename = 'messages' AND attname = 'folded'
"""


def pieces_of(terms: Sequence[str]) -> dict[str, list[str]]:
    """For those of these words and phrases that are common: the pieces to look for, all of which are in whatever has them."""
    texts = [text for (kept,) in prepared_sql.rows(_SAMPLE, []) for text in kept or ()]
    return {term: pieces for term in terms if (pieces := _pieces(term, texts))}


def _pieces(term: str, texts: Sequence[str]) -> list[str]:
    tokens = [token for token in term.split() if len(token) >= LETTERS]
    # Of something like GAP-12 the letters are common, and the whole is not.
    if not all(_words(token) and any(token in text for text in texts) for token in tokens):
        return []
    return [piece for token in tokens for word in _words(token) for piece in _rarest(word, texts)]


def _words(term: str) -> list[str]:
    # Letters beyond ASCII may be none to the database (its LC_CTYPE), and then its index has no such pieces.
    return [word for word in re.findall(r"[^\W_]{3,}", term) if word.isascii()]


def _rarest(word: str, texts: Sequence[str]) -> list[str]:
    pieces = [word[at : at + LETTERS] for at in range(len(word) - LETTERS + 1)]
    counts = [sum(piece in text for text in texts) for piece in pieces]
    rarest = min(range(len(pieces)), key=lambda at: counts[at])
    if counts[rarest] == sum(word in text for text in texts):
        return [pieces[rarest]]
    # It is in other words, too: of those that are as rare the one that says most beside it.
    others = (at for at in range(len(pieces)) if at != rarest)
    return [pieces[rarest], pieces[min(others, key=lambda at: (counts[at], -abs(at - rarest)))]]
