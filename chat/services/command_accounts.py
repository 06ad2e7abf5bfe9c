"""Accounts that commands create, as opposed to people's: those of measurements, and those of the demo, whose password is known."""

from collections.abc import Iterable

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet

from chat.models import User

#: Accounts of this group have the password that our documents print.
KNOWN_PASSWORD = "Demo with a known password"  # noqa: S105 (the name of a group)
#: All accounts of the demo.
DEMO = "Demo"
#: Accounts that have only tokens and the names that commands give: no person signs in with one.
_FOR_MEASURING = Q(
    username__regex=r"^(loadtest[0-9]+(-[0-9]+)?|filler[0-9]+|probe([0-9]+-[0-9]+)?)$",
    password__startswith=UNUSABLE_PASSWORD_PREFIX,
)


def for_measuring() -> "QuerySet[User]":
    """The accounts of measurements."""
    return User.objects.filter(_FOR_MEASURING)


def not_for_measuring(users: "QuerySet[User]") -> "QuerySet[User]":
    """The accounts without those of measurements: people can write to them, add and find them."""
    return users.exclude(_FOR_MEASURING)


def has_people() -> bool:
    """Whether there are more accounts here than a single owner's, a demo's and measurements'."""
    people = User.objects.filter(is_active=True).exclude(pk__in=for_measuring()).exclude(groups__name=DEMO)
    return people.filter(is_superuser=False).exists() or people.count() > 1


def is_empty() -> bool:
    """Whether there are no accounts except those of measurements."""
    return not User.objects.exclude(pk__in=for_measuring()).exists()


def mark_demo(users: Iterable[User], *, is_known: bool) -> None:
    """Marks these accounts as the demo's. `is_known`: their password ends when any other account is created."""
    for name in (DEMO, KNOWN_PASSWORD) if is_known else (DEMO,):
        Group.objects.get_or_create(name=name)[0].user_set.add(*users)


def are_passwords_known() -> bool:
    return User.objects.filter(groups__name=KNOWN_PASSWORD).exists()


def end_known_passwords() -> None:
    """Ends the known passwords: an installation with people's accounts must have none."""
    group = Group.objects.filter(name=KNOWN_PASSWORD).first()
    if group is None:
        return
    with transaction.atomic():
        for user in User.objects.filter(groups=group):
            User.objects.filter(pk=user.pk).update(password=make_password(None))
        group.delete()
