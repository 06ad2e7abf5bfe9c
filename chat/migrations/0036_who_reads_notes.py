from django.db import migrations

#: By a note alone nobody is in the notes any more: those of a conversation are read by who is in it, and by right.
_LET_GO = """
WITH gone AS (
    DELETE FROM channel_members AS member USING conversations AS talk
    WHERE member.channel_id = talk.notes_id AND NOT EXISTS (
        SELECT FROM channel_members AS inside WHERE inside.channel_id = talk.channel_id AND inside.user_id = member.user_id
    ) RETURNING member.channel_id
), counted AS (SELECT channel_id, count(*) AS members FROM gone GROUP BY channel_id)
UPDATE channels SET member_count = member_count - counted.members FROM counted WHERE channels.id = counted.channel_id
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0035_public_names")]
    operations = [migrations.RunSQL(_LET_GO, migrations.RunSQL.noop, elidable=False)]
