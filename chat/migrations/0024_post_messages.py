from pathlib import Path

from django.db import migrations

_FUNCTION = Path(__file__).parent.parent / "services" / "posting.sql"


class Migration(migrations.Migration):
    dependencies = [("chat", "0023_outsiders")]
    operations = [migrations.RunSQL(_FUNCTION.read_text(), "DROP FUNCTION IF EXISTS post_messages, post_drafts", elidable=False)]
