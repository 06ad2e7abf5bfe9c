from django.db import migrations


class Migration(migrations.Migration):
    """Half of each new page of messages stays free for the row that a message becomes once it is delivered and read.

    The new row is in the page of the old one then, and no index needs another entry. Pages that are full stay as they are.
    """

    dependencies = [("chat", "0053_checked_when_written")]

    operations = [
        migrations.RunSQL("ALTER TABLE messages SET (fillfactor = 50)", "ALTER TABLE messages RESET (fillfactor)"),
    ]
