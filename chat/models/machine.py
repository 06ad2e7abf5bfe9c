"""The installations of Gapless that serve over one database: what each says of itself, so that one can be compared with all."""

import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models


class MachineQuerySet(models.QuerySet["Machine"]):
    def seen_since(self, moment: datetime.datetime) -> "MachineQuerySet":
        return self.filter(seen_at__gte=moment).order_by("name")


class Machine(models.Model):
    name = models.CharField(max_length=80, primary_key=True)
    #: Fingerprints of the key that it signs with, and of all that it honours; they tell nothing of the keys.
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
