"""Accounts that commands make, told from people's: those of a measurement, and those of the demo, whose password is known."""

from collections.abc import Iterable

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet

from chat.models import User

#: Who is in this group signs in with the password that is printed in our documents.
KNOWN_PASSWORD = "Demo with a known password"  # noqa: S105 (the name of a group)
#: Everybody of the demo.
DEMO = "Demo"
#: Accounts that only ever had tokens, and the names that commands give: no person signs in as one.
_FOR_MEASURING = Q(
    username__regex=r"^(loadtest[0-9]+(-[0-9]+)?|filler[0-9]+|probe([0-9]+-[0-9]+)?)$",
    password__startswith=UNUSABLE_PASSWORD_PREFIX,
)


def for_measuring() -> "QuerySet[User]":
    """The accounts of measurements."""
    return User.objects.filter(_FOR_MEASURING)


def not_for_measuring(users: "QuerySet[User]") -> "QuerySet[User]":
    """Of these, whom others write to, add and look for."""
    return users.exclude(_FOR_MEASURING)


def has_people() -> bool:
    """Whether others than an owner alone, a demo and measurements have accounts here."""
    people = User.objects.filter(is_active=True).exclude(pk__in=for_measuring()).exclude(groups__name=DEMO)
    return people.filter(is_superuser=False).exists() or people.count() > 1


def is_empty() -> bool:
    """Whether nobody has an account, but for measurements."""
    return not User.objects.exclude(pk__in=for_measuring()).exists()


def mark_demo(users: Iterable[User], *, is_known: bool) -> None:
    """These are the demo's; `is_known`: their password ends when anybody else gets an account."""
    for name in (DEMO, KNOWN_PASSWORD) if is_known else (DEMO,):
        Group.objects.get_or_create(name=name)[0].user_set.add(*users)


def are_passwords_known() -> bool:
    return User.objects.filter(groups__name=KNOWN_PASSWORD).exists()


def end_known_passwords() -> None:
    """A known password never stands beside a person's account: from here on nobody signs in with one."""
    group = Group.objects.filter(name=KNOWN_PASSWORD).first()
    if group is None:
        return
    with transaction.atomic():
        for user in User.objects.filter(groups=group):
            User.objects.filter(pk=user.pk).update(password=make_password(None))
        group.delete()
