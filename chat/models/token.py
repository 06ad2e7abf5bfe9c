"""Tokens: secrets of programs. Only the SHA-256 is stored: a token has 256 random bits, so no slow hash is needed."""

import datetime
import hashlib
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from chat import clock


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Scope(models.TextChoices):
    """What a program may do with a token at most; never more than its owner may do."""

    #: May listen and read.
    READ = "read"
    #: May write, and change its owner's own things.
    WRITE = "write"
    #: May act on others and on channels, by its owner's role in them.
    MODERATE = "moderate"
    #: May create and delete tokens, with no more scopes than its own.
    TOKENS = "tokens"


#: Only for visitors' tokens: may read and write in the visitor's own conversations with the support.
VISIT = "visit"


def usual_scopes() -> list[str]:
    return [Scope.READ, Scope.WRITE, Scope.MODERATE]


class TokenQuerySet(models.QuerySet["Token"]):
    def standing(self) -> "TokenQuerySet":
        """Valid tokens: not expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=clock.now()))

    def unused_since(self, moment: datetime.datetime) -> "TokenQuerySet":
        return self.filter(Q(last_used_at=None) | Q(last_used_at__lt=moment))


class Token(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=8, choices=Scope.choices), default=usual_scopes)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    #: Updated at most once a minute: see services.note_use.
    last_used_at = models.DateTimeField(null=True, blank=True)
    #: None: valid until it is deleted.
    expires_at = models.DateTimeField(null=True, blank=True)
    #: The token that created it, and with which it ends; None: a person or the console created it.
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")

    objects = TokenQuerySet.as_manager()

    class Meta:
        db_table = "tokens"
        default_permissions = ("view",)
        constraints: ClassVar = [
            models.CheckConstraint(
                name="tokens_scopes",
                condition=Q(scopes=[VISIT]) | (Q(scopes__contained_by=Scope.values) & ~Q(scopes__len=0)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user_id}"
