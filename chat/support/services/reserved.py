"""The account that says what nobody did: a lease that lapsed, a conversation that was given or came back by itself."""

from chat.models import User, UserKind
from chat.naming import looks

#: Nobody else's name (chat/naming.py). Constraint users_system_is_off keeps the account switched off.
NAME = "gapless"


def reserved_account() -> User:
    """Made when it is first needed. Without a password and switched off: it signs in nowhere, and no directory shows it."""
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
        # Of two processes that make it at once, the second finds the first one's.
        User.objects.bulk_create([account], ignore_conflicts=True)
        found = User.objects.get(username=NAME)
    return found
