"""The machines that serve over one database: each writes a row about itself, so that `doctor` can compare them."""

import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models


class MachineQuerySet(models.QuerySet["Machine"]):
    def seen_since(self, moment: datetime.datetime) -> "MachineQuerySet":
        return self.filter(seen_at__gte=moment).order_by("name")


class Machine(models.Model):
    name = models.CharField(max_length=80, primary_key=True)
    #: Fingerprints of its signing key, and of all keys that it accepts; the keys can't be computed from them.
    signs_with = models.CharField(max_length=16)
    honours = ArrayField(models.CharField(max_length=16))
    version = models.CharField(max_length=40)
    seen_at = models.DateTimeField()

    objects = MachineQuerySet.as_manager()

    class Meta:
        db_table = "machines"
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
