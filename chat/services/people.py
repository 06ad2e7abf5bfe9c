"""Creating and renaming accounts: the owner's and everybody else's."""

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from chat import shapes
from chat.allowances.counting import counted
from chat.allowances.table import RENAMES
from chat.models import Act, Channel, Member, User
from chat.naming import clean_name, looks, require_free_word
from chat.services import audit
from chat.services.accounts import lock_own
from chat.services.channels import open_channel
from chat.services.command_accounts import end_known_passwords
from chat.services.erased_names import require_never_erased
from chat.services.members import join_first_channel
from delivery.bus import announcing
from delivery.bus.announcements import Spread
from delivery.wire.codec import encode
from delivery.wire.errors import Conflict, Forbidden, Invalid
from delivery.wire.frames import Renamed

#: Key of the advisory lock that lets only one first owner be made ("ownr" in ASCII).
MAKING_OWNER = 0x6F776E72
#: Characters that the column holds.
DISPLAY_NAME_CHARACTERS = 80


def create_user(username: str, *, password: str | None = None, display_name: str = "", is_staff: bool = False) -> User:
    """Creates an account; without a password only tokens can use it. Raises Invalid with the reasons.

    No two usernames look alike, and none looks like an erased person's. Reserved words are not allowed, except words that
    promise an office, for staff.
    """
    require_free_word(username, is_staff=is_staff)
    require_never_erased(username)
    seen, seen_in_any_case = looks(username)
    user = User(
        username=username,
        username_look=seen,
        username_look_any_case=seen_in_any_case,
        display_name=_clean(display_name),
        is_staff=is_staff,
        is_superuser=is_staff,
    )
    try:
        if password is None:
            user.set_unusable_password()
        else:
            validate_password(password, user)
            user.set_password(password)
        user.full_clean()
    except ValidationError as error:
        raise Invalid(" ".join(error.messages)) from None
    try:
        with transaction.atomic():
            user.save()
            if is_staff:
                made = {"from": [], "to": ["Superuser"]}
                audit.record(Act.STAFF_ROLES, actor=None, whom=user.pk, reason="The account was made so.", details=made)
            if password is not None:
                end_known_passwords()
    except IntegrityError:
        # Another account took the name at the same moment (users_username_any_case, users_username_look_key and its twin).
        raise Invalid("This username is taken.") from None
    return user


def sign_up(username: str, *, password: str, display_name: str = "") -> User:
    """Creates a newcomer's account, in the first channel, if sign-up is open. Raises Forbidden, Invalid."""
    if not is_sign_up_open():
        raise Forbidden("Sign-up is not open here: ask a member of the team for an invitation.")
    user = create_user(username, password=password, display_name=display_name)
    join_first_channel(user)
    return user


def is_sign_up_open() -> bool:
    """Whether sign-up is open: never before the set-up link has made the owner, or a stranger could come first."""
    return settings.SIGN_UP == "open" and User.objects.exists()


def create_owner(username: str, *, password: str, display_name: str = "") -> tuple[User, Channel]:
    """Creates the first account, with all rights, and a channel "General". Raises Conflict if there is any account."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MAKING_OWNER])
        if User.objects.exists():
            raise Conflict("Gapless is set up already: sign in instead.")
        owner = create_user(username, password=password, display_name=display_name, is_staff=True)
        return owner, open_channel(owner, name="General", topic="Everything that has no channel of its own")


def rename_user(user: User, *, display_name: str) -> User:
    """Changes the display name, on open pages too; the audit log keeps the old name. Raises Invalid, RateLimited."""
    name = _clean(display_name)
    with counted(RENAMES, user), transaction.atomic():
        row = lock_own(user)
        if row.display_name != name:
            User.objects.filter(pk=user.pk).update(display_name=name)
            audit.record(Act.USER_RENAMED, actor=user, whom=user.pk, details={"from": row.display_name, "to": name})
            row.display_name = name
            transaction.on_commit(lambda: announcing.announce([renamed(row)]), robust=True)
    user.display_name = name
    return user


def renamed(user: User) -> Spread:
    """The push to all users who share a channel with the user."""
    # Customers of the support know agents by public names, not by their usernames.
    among_us = Member.objects.filter(user=user, channel__is_support=False)
    channel_ids = list(among_us.values_list("channel_id", flat=True))
    return Spread(user_id=user.pk, channel_ids=channel_ids, raw=encode(Renamed(person=shapes.person_of(user))))


def _clean(display_name: str) -> str:
    return clean_name(display_name, what="A name", most=DISPLAY_NAME_CHARACTERS)
