"""A one-time link with which a user who has lost their password sets a new one. Only a hash of its secret is stored."""

from django.conf import settings
from django.db import models

from chat import clock


class PasswordLinkQuerySet(models.QuerySet["PasswordLink"]):
    def standing(self) -> "PasswordLinkQuerySet":
        """Valid links: not expired, of active accounts."""
        return self.filter(expires_at__gt=clock.now(), user__is_active=True)


class PasswordLink(models.Model):
    #: One link for each person: a new link replaces it.
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="password_link")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    objects = PasswordLinkQuerySet.as_manager()

    class Meta:
        db_table = "password_links"
        default_permissions = ()

    def __str__(self) -> str:
        return f"password link of {self.user_id}"
