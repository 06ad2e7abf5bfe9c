"""Sessions as Django keeps them in PostgreSQL; what can be no session's key is not asked for there, whatever a cookie says."""

from django.contrib.sessions.backends import db

#: Shorter ones Django never makes, and refuses itself.
LEAST_CHARACTERS = 8


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: str | None) -> bool:
        # A quoted cookie can hold a zero byte, which PostgreSQL takes in no text: that would be an error of ours.
        return key is not None and len(key) >= LEAST_CHARACTERS and key.isascii() and key.isalnum()
