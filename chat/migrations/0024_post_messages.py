from pathlib import Path

from django.db import migrations

_FUNCTION = Path(__file__).parent.parent / "services" / "posting.sql"


class Migration(migrations.Migration):
    dependencies = [("chat", "0023_outsiders")]
    operations = [migrations.RunSQL(_FUNCTION.read_text(), "DROP FUNCTION post_messages", elidable=False)]
