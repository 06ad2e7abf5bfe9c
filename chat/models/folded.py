"""Text compared as people read it: without case, accents, width and ligatures (the SQL function gapless_fold, which is indexed)."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import CharField, Func, GeneratedField, Lookup, TextField


def folded(texts: Sequence[str]) -> list[str]:
    """Each text as the indexes have it, in their order; one that is nothing but marks and formatting is empty."""
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
    """`left` is the column, folded; a generated one is so already."""

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
    """`topic__says`: contains these characters, folded; `%` and `_` are characters like all others."""

    lookup_name = "says"
    template = r"{left} LIKE '%%' || regexp_replace(gapless_fold({right}), '([\\%%_])', '\\\1', 'g') || '%%'"


@CharField.register_lookup
@TextField.register_lookup
class Reads(_FoldedLookup):
    """`display_name__reads`: the same, folded."""

    lookup_name = "reads"
    template = "{left} = gapless_fold({right})"


@CharField.register_lookup
@TextField.register_lookup
class Resembles(_FoldedLookup):
    """`topic__resembles`: has a word like this one (pg_trgm's word similarity, its threshold as the session has it)."""

    lookup_name = "resembles"
    template = "gapless_fold({right}) <%% {left}"
