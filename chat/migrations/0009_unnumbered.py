from django.db import migrations, models

# Whatever changes a message without giving it a number, or takes one away, moves its channel's count: what was spelled
# before is known to be of before. In random steps, so that a restored backup does not come by the same counts again. Each channel has its row from the beginning, so that counting never inserts one.
COUNT = """
CREATE FUNCTION open_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO channels_settled (channel_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER channels_open_settled AFTER INSERT ON channels FOR EACH ROW EXECUTE FUNCTION open_settled();

CREATE FUNCTION count_unnumbered_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE channels_settled SET unnumbered = unnumbered + 1 + (random() * 1000000000)::bigint WHERE channel_id IN (
        SELECT earlier.channel_id FROM earlier JOIN later USING (id) WHERE earlier.rev = later.rev
    );
    RETURN NULL;
END $$;
CREATE TRIGGER messages_count_unnumbered AFTER UPDATE ON messages REFERENCING OLD TABLE AS earlier NEW TABLE AS later
    FOR EACH STATEMENT EXECUTE FUNCTION count_unnumbered_changes();

CREATE FUNCTION count_removals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE channels_settled SET unnumbered = unnumbered + 1 + (random() * 1000000000)::bigint WHERE channel_id IN (SELECT channel_id FROM gone);
    RETURN NULL;
END $$;
CREATE TRIGGER messages_count_removals AFTER DELETE ON messages REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION count_removals();

INSERT INTO channels_settled (channel_id) SELECT id FROM channels ON CONFLICT DO NOTHING;
"""
BACK = """
DROP TRIGGER messages_count_removals ON messages;
DROP FUNCTION count_removals();
DROP TRIGGER messages_count_unnumbered ON messages;
DROP FUNCTION count_unnumbered_changes();
DROP TRIGGER channels_open_settled ON channels;
DROP FUNCTION open_settled();
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0008_presence_choices")]
    operations = [
        migrations.AddField("settledupto", "unnumbered", models.BigIntegerField(default=0, db_default=0)),
        migrations.RunSQL(COUNT, BACK),
    ]
