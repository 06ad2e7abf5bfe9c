"""A person who can sign in."""

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
    #: From outside: has no password, and is nowhere but in its own support conversations.
    VISITOR = "visitor"
    #: The server's own word: says what nobody did. Nobody signs in as it, and it is nowhere a member.
    SYSTEM = "system"


class Users(UserManager["User"]):
    use_in_migrations = False

    def people(self) -> "models.QuerySet[User]":
        """Those who belong here: no visitors."""
        return self.filter(kind=UserKind.PERSON)

    def named(self, username: str) -> "models.QuerySet[User]":
        """At most one: usernames are unique whatever their case."""
        return self.filter(Exact(Lower("username"), username.lower()))

    def get_by_natural_key(self, username: str | None) -> "User":
        """How Django finds somebody who signs in."""
        return self.named(username or "").get()


class User(AbstractUser):
    """Usernames are unique whatever their case; `display_name` is what others see."""

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
    #: How the username looks (chat/naming.py), so that no two look alike; None for accounts that did before this was asked.
    username_look = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    username_look_any_case = models.CharField(max_length=200, null=True, blank=True, unique=True, editable=False)
    display_name = models.CharField(max_length=80, blank=True)
    kind = models.CharField(
        max_length=7, choices=UserKind.choices, default=UserKind.PERSON, db_default=UserKind.PERSON, editable=False
    )
    #: What the person has chosen: online, away, busy or invisible. What others see is in the roster.
    chosen_status = models.CharField(max_length=9, default=ONLINE, db_default=ONLINE, choices=[(c, c) for c in CHOICES])
    activity = models.CharField(max_length=80, blank=True, default="", db_default="")
    shows_typing = models.BooleanField(default=True, db_default=True)
    #: Grows with every choice, so that of two the newer is known.
    presence_rev = models.BigIntegerField(default=0, db_default=0)

    #: How the list of channels is ordered on the page.
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
            # Whatever a verb or a form forgets: nobody from outside is of the staff, or signs in with a password.
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
        """Whether set_password has taken the place of a password, not of none."""
        return self._has_replaced_password

    def set_password(self, raw_password: str | None) -> None:
        self._has_replaced_password = bool(self.password) and self.has_usable_password()
        super().set_password(raw_password)

    def get_full_name(self) -> str:
        return self.display_name or self.username

    def get_short_name(self) -> str:
        return self.get_full_name()
