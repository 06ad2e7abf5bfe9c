from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0010_system_messages")]
    operations = [
        migrations.AddField("member", "version", models.BigIntegerField(default=0, db_default=0)),
        *(
            migrations.AddField("settledupto", name, models.BigIntegerField(default=0, db_default=0))
            for name in ("delivered_slowest", "delivered_own", "read_slowest", "read_own")
        ),
    ]
