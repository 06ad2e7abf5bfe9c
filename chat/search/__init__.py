"""Finding messages: parsing a query (`query.py`), and reading the matching rows for a user (`rows.py`)."""

from chat.search.rows import Found, search
