"""Finding messages: what a query says (`query.py`), and the rows that it means for one caller (`rows.py`)."""

from chat.search.rows import Found, search
