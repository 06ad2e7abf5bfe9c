"""Lets both functions of posting plan their statements once for each connection; see their texts."""

from pathlib import Path

from django.db import migrations

_SERVICES = Path(__file__).parent.parent / "services"


class Migration(migrations.Migration):
    dependencies = [("chat", "0054_room_for_receipts")]

    operations = [
        # What they do is the same, so going back leaves them as they are.
        migrations.RunSQL((_SERVICES / name).read_text(), migrations.RunSQL.noop, elidable=False)
        for name in ("posting.sql", "posting_alone.sql")
    ]
