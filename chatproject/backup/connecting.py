"""A connection of its own to the database of the settings: outside of the pool, and without the bounds that requests have."""

import psycopg
from django.db import connection

Own = psycopg.Connection[tuple[object, ...]]

#: What is Django's, and not PostgreSQL's.
_OF_DJANGO = ("cursor_factory", "context", "prepare_threshold")


#: The role's own settings may bound them, where a pooler is in use.
_UNBOUND = "-c TimeZone=UTC -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"


def connect() -> Own:
    parameters = {**connection.get_connection_params(), "options": _UNBOUND}
    return psycopg.connect(**{name: value for name, value in parameters.items() if name not in _OF_DJANGO})
