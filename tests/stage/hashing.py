"""Passwords are hashed as the product hashes them, with the least work that Argon2 does: no test asks how much a guess costs."""

from django.contrib.auth.hashers import Argon2PasswordHasher


def install() -> None:
    """In this process; web processes that are forked have it too, so that none hashes anew what another has hashed."""
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.memory_cost = 8
    Argon2PasswordHasher.parallelism = 1
