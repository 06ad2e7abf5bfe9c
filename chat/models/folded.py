"""Compares texts without case, accents, width and ligatures, by the SQL function gapless_fold, which has indexes."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import CharField, Func, GeneratedField, Lookup, TextField


def folded(texts: Sequence[str]) -> list[str]:
    """The texts in the folded form of the indexes, in the same order; a text with only marks and formatting becomes empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gapless_fold(said) FROM unnest(%s::text[]) WITH ORDINALITY AS t (said, place) ORDER BY place",
            [list(texts)],
        )
        return [text for (text,) in cursor.fetchall()]


class Folded(Func):
    function = "gapless_fold"
    output_field = TextField()


class _FoldedLookup(Lookup):
    """A lookup on a folded column. `left` is the column, folded; a generated column is folded already."""

    template: str

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        if not isinstance(self.lhs.output_field, GeneratedField):
            left = f"gapless_fold({left})"
        right, right_params = self.process_rhs(compiler, connection)
        return self.template.format(left=left, right=right), (*left_params, *right_params)


@CharField.register_lookup
@TextField.register_lookup
class Says(_FoldedLookup):
    """`topic__says`: the column contains these characters, folded; `%` and `_` have no special meaning."""

    lookup_name = "says"
    template = r"{left} LIKE '%%' || regexp_replace(gapless_fold({right}), '([\\%%_])', '\\\1', 'g') || '%%'"


@CharField.register_lookup
@TextField.register_lookup
class Reads(_FoldedLookup):
    """`display_name__reads`: the column is equal to the text, folded."""

    lookup_name = "reads"
    template = "{left} = gapless_fold({right})"


@CharField.register_lookup
@TextField.register_lookup
class Resembles(_FoldedLookup):
    """`topic__resembles`: the column has a similar word (pg_trgm's word similarity, with the session's threshold)."""

    lookup_name = "resembles"
    template = "gapless_fold({right}) <%% {left}"
