"""Django's sessions in PostgreSQL. They expire by PostgreSQL's clock, not this machine's. A cookie that can't be a session's key is
not looked up.
"""

import datetime
from typing import Any

from django.contrib.sessions.backends import db

from chat import clock

#: Django makes no shorter keys, and refuses them itself.
LEAST_CHARACTERS = 8


class SessionStore(db.SessionStore):
    def get_expiry_date(self, **given: Any) -> datetime.datetime:
        return super().get_expiry_date(**{"modification": clock.now(), **given})

    def _get_session_from_db(self) -> Any:
        held = self.model.objects.filter(session_key=self.session_key, expire_date__gt=clock.now()).first()
        if held is None:
            self._session_key = None
        return held

    def _validate_session_key(self, key: str | None) -> bool:
        # A quoted cookie can hold a zero byte, which PostgreSQL refuses in every text: that would become an internal error.
        return key is not None and len(key) >= LEAST_CHARACTERS and key.isascii() and key.isalnum()
