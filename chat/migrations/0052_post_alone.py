from pathlib import Path

from django.db import migrations

_FUNCTION = Path(__file__).parent.parent / "services" / "posting_alone.sql"


class Migration(migrations.Migration):
    dependencies = [("chat", "0051_mail_is_a_door")]

    operations = [migrations.RunSQL(_FUNCTION.read_text(), "DROP FUNCTION IF EXISTS post_alone", elidable=False)]
