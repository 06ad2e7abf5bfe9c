"""Addresses from which a user has signed in: somebody who guesses elsewhere does not lock the user out there."""

from django.conf import settings
from django.db import models

from chat.models.user import User


class SignInAddressQuerySet(models.QuerySet["SignInAddress"]):
    def of(self, username: str, *, line: str) -> "SignInAddressQuerySet":
        """The row if the user of this name has signed in from this address; none for an unknown name."""
        return self.filter(user__in=User.objects.named(username), line=line)


class SignInAddress(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_in_addresses", db_index=False
    )
    #: An IPv4 address, or the /64 of an IPv6 address.
    line = models.CharField(max_length=45)
    last_at = models.DateTimeField()

    objects = SignInAddressQuerySet.as_manager()

    class Meta:
        db_table = "sign_in_addresses"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "line"], name="sign_in_addresses_once")]

    def __str__(self) -> str:
        return f"{self.user_id} from {self.line}"
