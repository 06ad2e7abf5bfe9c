from pathlib import Path

from django.db import migrations

_SERVICES = Path(__file__).parent.parent / "services"


class Migration(migrations.Migration):
    dependencies = [("chat", "0030_conversing")]
    operations = [
        migrations.RunSQL(
            (_SERVICES / "conversing.sql").read_text() + (_SERVICES / "posting.sql").read_text(),
            migrations.RunSQL.noop,
            elidable=False,
        )
    ]
