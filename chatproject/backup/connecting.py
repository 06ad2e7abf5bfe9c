"""A connection of its own to the database of the settings: outside of the pool, and without the bounds that requests have."""

import psycopg
from django.db import connection

Own = psycopg.Connection[tuple[object, ...]]

#: What is Django's, and not PostgreSQL's.
_OF_DJANGO = ("cursor_factory", "context", "prepare_threshold")


def connect() -> Own:
    parameters = {**connection.get_connection_params(), "options": "-c TimeZone=UTC"}
    return psycopg.connect(**{name: value for name, value in parameters.items() if name not in _OF_DJANGO})
