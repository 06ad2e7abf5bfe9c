"""A rule of a table that costs nothing where what it speaks of is not written. Declared in a model's Meta, like Django's own.

PostgreSQL parses a CHECK anew for every statement that writes a row, whichever columns it writes. These are conditions of the
tables that every message writes.
"""

from typing import Any

from django.db.models import CheckConstraint
from django.db.models.sql.query import Query

#: What the row that is written is called in a trigger.
_ROW = "new"

_FUNCTION = """CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $check$
BEGIN
    IF NOT ({condition}) THEN
        RAISE EXCEPTION 'new row for relation "%" violates check constraint "%"', TG_TABLE_NAME, TG_NAME USING
            ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END $check$;
CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {columns} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"""


class CheckWhenWritten(CheckConstraint):
    """What CheckConstraint promises, errors and names included, kept by a trigger of the same name that looks when a row comes
    and when a column of the condition is written.

    Rows that are there are not looked at: add it to an empty table, or in place of a CheckConstraint of the same condition. A
    column of it can be renamed, or get another type, only while it is taken away.
    """

    def __eq__(self, other: object) -> bool:
        # Else a migration would not be missed when one takes the place of the other.
        return isinstance(other, CheckWhenWritten) and super().__eq__(other)

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        # A trigger can't stand inside the statement that makes its table.
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        quoted = schema_editor.quote_name
        fields = sorted({name for name, *_ in model._get_expr_references(self.condition)})
        return _FUNCTION.format(
            function=quoted(self._function),
            condition=self._condition_sql(model, schema_editor),
            name=quoted(self.name),
            columns=", ".join(quoted(model._meta.get_field(name).column) for name in fields),
            table=quoted(model._meta.db_table),
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quoted = schema_editor.quote_name
        table = quoted(model._meta.db_table)
        return f"DROP TRIGGER {quoted(self.name)} ON {table}; DROP FUNCTION {quoted(self._function)}()"

    @property
    def _function(self) -> str:
        return f"check_{self.name}"

    def _condition_sql(self, model: Any, schema_editor: Any) -> str:
        query: Any = Query(model)
        where = query.build_where(self.condition).relabeled_clone({model._meta.db_table: _ROW})
        sql, parameters = where.as_sql(
            query.get_compiler(connection=schema_editor.connection), schema_editor.connection
        )
        return str(sql % tuple(schema_editor.quote_value(each) for each in parameters))
