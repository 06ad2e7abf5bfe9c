"""Users: people, visitors, and the server's own account."""

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from chat.models.folded import Folded
from presence.people import CHOICES, ONLINE


class UserKind(models.TextChoices):
    PERSON = "person"
    #: A person from outside: no password, and a member only of their own support conversations.
    VISITOR = "visitor"
    #: The server's own account: author of lines about things that nobody did. Nobody can sign in with it, and it is never a member.
    SYSTEM = "system"


class Users(UserManager["User"]):
    use_in_migrations = False

    def people(self) -> "models.QuerySet[User]":
        """People with an account here, without visitors."""
        return self.filter(kind=UserKind.PERSON)

    def named(self, username: str) -> "models.QuerySet[User]":
        """The user with this name, ignoring case; at most one."""
        return self.filter(Exact(Lower("username"), username.lower()))

    def get_by_natural_key(self, username: str | None) -> "User":
        """Django's way to find the user who signs in."""
        return self.named(username or "").get()


def full_name_of(username: str, display_name: str) -> str:
    """The name under which others see a user."""
    return display_name or username


class User(AbstractUser):
    """A user. Usernames are unique, ignoring case; others see `display_name`."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    username = models.CharField(
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", "Use letters, digits, dots, dashes and underscores.")
        ],
        error_messages={"unique": "This username is taken."},
    )
    #: The look of the username (chat/naming.py), which is unique; None for accounts that looked alike before this rule.
    username_look = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    username_look_any_case = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    display_name = models.CharField(max_length=80, blank=True)
    kind = models.CharField(
        max_length=7, choices=UserKind.choices, default=UserKind.PERSON, db_default=UserKind.PERSON, editable=False
    )
    #: The user's choice: online, away, busy or invisible. The roster has the status that others see.
    chosen_status = models.CharField(max_length=9, default=ONLINE, db_default=ONLINE, choices=[(c, c) for c in CHOICES])
    activity = models.CharField(max_length=80, blank=True, default="", db_default="")
    shows_typing = models.BooleanField(default=True, db_default=True)
    #: Grows with every choice, so that processes know the newer of two.
    presence_rev = models.BigIntegerField(default=0, db_default=0)

    #: Whether the page lists unread channels first.
    unread_first = models.BooleanField(default=False, db_default=False)

    _has_replaced_password = False

    objects = Users()  # type: ignore[misc]
    REQUIRED_FIELDS = []

    class Meta:
        db_table = "users"
        default_permissions = ("view",)
        permissions = [("ban_user", "Can ban people and lift bans"), ("erase_user", "Can erase people for ever")]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="users_username_any_case"),
            models.CheckConstraint(name="users_chosen_status", condition=models.Q(chosen_status__in=CHOICES)),
            models.CheckConstraint(name="users_kind", condition=models.Q(kind__in=UserKind.values)),
            # The database ensures it even if a verb or a form forgets it: a visitor is no staff and has no password.
            models.CheckConstraint(
                name="users_visitors_are_outside",
                condition=models.Q(kind=UserKind.PERSON)
                | models.Q(is_staff=False, is_superuser=False, password__startswith=UNUSABLE_PASSWORD_PREFIX),
            ),
            models.CheckConstraint(
                name="users_system_is_off",
                condition=~models.Q(kind=UserKind.SYSTEM) | models.Q(is_active=False, username="gapless"),
            ),
        ]
        indexes = [
            GinIndex(
                OpClass(Folded(models.F("username")), "gin_trgm_ops"),
                OpClass(Folded(models.F("display_name")), "gin_trgm_ops"),
                name="idx_users_names_gin",
            )
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_visitor(self) -> bool:
        return self.kind == UserKind.VISITOR

    @property
    def has_replaced_password(self) -> bool:
        """Whether set_password has replaced an earlier password."""
        return self._has_replaced_password

    def set_password(self, raw_password: str | None) -> None:
        self._has_replaced_password = bool(self.password) and self.has_usable_password()
        super().set_password(raw_password)

    def get_full_name(self) -> str:
        return full_name_of(self.username, self.display_name)

    def get_short_name(self) -> str:
        return self.get_full_name()
