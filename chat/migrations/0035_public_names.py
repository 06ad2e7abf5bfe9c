from pathlib import Path

from django.db import migrations, models

_SERVICES = Path(__file__).parent.parent / "services"
#: What the staff have said to customers is spelled with a public name from here on, and with no username; system lines too.
_RENAME = """
UPDATE messages SET
    said_as = found.name,
    body = CASE WHEN messages.kind = 'system' AND found.display_name = ''
        THEN replace(messages.body, found.username, found.name) ELSE messages.body END,
    event = CASE WHEN messages.event ? 'username'
        THEN messages.event || jsonb_build_object('name', found.name, 'username', 'support-staff') ELSE messages.event END
FROM (
    SELECT message.id, users.username, users.display_name, public_name(talk.desk_id, users.id) AS name
    FROM conversations AS talk JOIN messages AS message ON message.channel_id = talk.channel_id
    JOIN users ON users.id = message.sender_id WHERE users.id <> talk.visitor_id
) AS found WHERE messages.id = found.id AND found.name <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0034_files")]
    operations = [
        migrations.AddField(
            model_name="member",
            name="public_name",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=80),
        ),
        migrations.AddField(
            model_name="message",
            name="said_as",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=80),
        ),
        migrations.RunSQL(
            (_SERVICES / "conversing.sql").read_text() + (_SERVICES / "posting.sql").read_text(),
            "DROP FUNCTION IF EXISTS public_name",
            elidable=False,
        ),
        migrations.RunSQL(_RENAME, migrations.RunSQL.noop, elidable=False),
    ]
