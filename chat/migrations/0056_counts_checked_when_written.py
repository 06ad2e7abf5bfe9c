from django.db import migrations, models
from django.db.models import Q

from chat.models.checked import CheckWhenWritten


class Migration(migrations.Migration):
    """The rows that are there kept the conditions until now, so they need not be looked at."""

    dependencies = [("chat", "0055_planned_once")]

    operations = [
        migrations.AlterField("channel", "member_count", models.IntegerField(db_default=0, default=0)),
        migrations.AlterField("channel", "keeps_days", models.IntegerField(blank=True, null=True)),
        migrations.AddConstraint(
            "channel",
            CheckWhenWritten(
                name="channels_not_negative",
                condition=Q(member_count__gte=0) & (Q(keeps_days__isnull=True) | Q(keeps_days__gte=0)),
            ),
        ),
    ]
