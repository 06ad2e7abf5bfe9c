"""A separate connection to the settings' database: outside of the pool, and without the time limits of requests."""

import psycopg
from django.db import connection

Own = psycopg.Connection[tuple[object, ...]]

#: Options for Django, not for PostgreSQL.
_OF_DJANGO = ("cursor_factory", "context", "prepare_threshold")


#: With a pooler the role's own settings may limit statements.
_UNBOUND = "-c TimeZone=UTC -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"


def connect() -> Own:
    parameters = {**connection.get_connection_params(), "options": _UNBOUND}
    return psycopg.connect(**{name: value for name, value in parameters.items() if name not in _OF_DJANGO})
