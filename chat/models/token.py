"""A secret with which a program signs in. Only its SHA-256 is kept: it has 256 random bits, so no slow hash is needed."""

import hashlib

from django.conf import settings
from django.db import models


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Token(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tokens"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"
