"""Contacts: what visitors or their company said about them."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from chat import clock
from chat.support.models.inbox import Inbox


class Contact(models.Model):
    visitor = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="contact"
    )
    inbox = models.ForeignKey(Inbox, on_delete=models.PROTECT, related_name="contacts")
    email = models.EmailField(blank=True, default="", db_default="")
    #: `sub` of the signed identity; empty: the company signed none. Only this merges visitors.
    identity = models.CharField(max_length=200, blank=True, default="", db_default="")
    #: The other values of that identity, a few words each.
    attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    #: The visitor is blocked: they may not write to the inbox any more.
    blocked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "support_contacts"
        default_permissions = ("change", "view")
        constraints = [
            models.UniqueConstraint(
                fields=["inbox", "identity"], name="support_contacts_identity_once", condition=~Q(identity="")
            )
        ]
        indexes = [models.Index(fields=["email"], name="idx_support_contacts_email", condition=~Q(email=""))]

    def __str__(self) -> str:
        return f"contact of {self.visitor_id}"
