"""The server's own account, the author of lines about automatic events: a lapsed lease, a conversation given or woken by itself."""

from chat.models import User, UserKind
from chat.naming import looks

#: A reserved name (chat/naming.py). Constraint users_system_is_off keeps the account switched off.
NAME = "gapless"


def reserved_account() -> User:
    """The account, created when it is first needed. It has no password and is switched off: nobody can use it, no list shows it."""
    found = User.objects.filter(username=NAME).first()
    if found is None:
        seen, seen_in_any_case = looks(NAME)
        account = User(
            username=NAME,
            username_look=seen,
            username_look_any_case=seen_in_any_case,
            display_name="Gapless",
            kind=UserKind.SYSTEM,
            is_active=False,
        )
        account.set_unusable_password()
        # If two processes create it at once, the second finds the first one's.
        User.objects.bulk_create([account], ignore_conflicts=True)
        found = User.objects.get(username=NAME)
    return found
