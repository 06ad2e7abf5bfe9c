"""Accounts: the owner and everybody else."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from chat.allowances.counting import counted
from chat.allowances.table import RENAMES
from chat.models import Act, Channel, User
from chat.services import audit
from chat.services.channels import open_channel
from delivery.errors import Conflict, Invalid

#: Key of the advisory lock that lets only one first owner be made ("ownr" in ASCII).
MAKING_OWNER = 0x6F776E72


def create_user(username: str, *, password: str | None = None, display_name: str = "", is_staff: bool = False) -> User:
    """A new account; without a password only tokens sign it in. Raises Invalid with the reasons."""
    user = User(username=username, display_name=display_name.strip(), is_staff=is_staff, is_superuser=is_staff)
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
    except IntegrityError:
        # Somebody took the name at the same moment (users_username_any_case).
        raise Invalid("This username is taken.") from None
    return user


def create_owner(username: str, *, password: str, display_name: str = "") -> tuple[User, Channel]:
    """The first account, with everything allowed, and a channel "General". Raises Conflict when there is any account."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MAKING_OWNER])
        if User.objects.exists():
            raise Conflict("Gapless is set up already: sign in instead.")
        owner = create_user(username, password=password, display_name=display_name, is_staff=True)
        return owner, open_channel(owner, name="General", topic="Everything that has no channel of its own")


def rename_user(user: User, *, display_name: str) -> User:
    """What others see from the next message on. Raises Invalid for what can't be kept, RateLimited."""
    if "\x00" in display_name:
        raise Invalid("A name can't contain the NUL character.")
    user.display_name = display_name.strip()
    with counted(RENAMES, user):
        User.objects.filter(pk=user.pk).update(display_name=user.display_name)
    return user
